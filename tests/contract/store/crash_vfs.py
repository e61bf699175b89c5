"""A file system that writes down what SQLite does to its files, fails on request, and can lose power.

`Tape` records writes, truncations and syncs in order, with marks of the test between them. `states` replays a
tape up to each sync, and from there on as a disk without power might: nothing of what was not synced, all of
it, a part of it, or the last write torn. Creating and removing files is taken as durable at once.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import apsw

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is write, truncate, sync, delete or mark; `name` a file's name or what a mark says."""

    kind: str
    name: str
    offset: int = 0
    data: bytes = b""


@dataclass
class Tape:
    """What happened, and what shall go wrong: `fail` is asked before every write, truncation and sync."""

    events: list[Event] = field(default_factory=list)
    operations: int = 0
    fail_at: int | None = None
    fail_until: int | None = None
    error: type[apsw.Error] = apsw.IOError
    room: int | None = None

    def mark(self, text: str) -> None:
        self.events.append(Event("mark", text))

    def note(self, kind: str, name: str, offset: int = 0, data: bytes = b"") -> None:
        number = self.operations
        self.operations += 1
        until = self.fail_until if self.fail_until is not None else (self.fail_at or 0) + 1
        if self.fail_at is not None and self.fail_at <= number < until:
            raise self.error(f"made to fail: {kind} of {name}")
        if self.room is not None and kind == "write" and offset + len(data) > self.room:
            raise apsw.FullError("made to be full")
        self.events.append(Event(kind, name, offset, data))


class _File(apsw.VFSFile):
    def __init__(self, vfs: str, name, flags, tape: Tape) -> None:
        super().__init__(vfs, name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(path).name if path else ""
        self._tape = tape

    def xWrite(self, data, offset):  # noqa: N802
        self._note("write", offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, size):  # noqa: N802
        self._note("truncate", size)
        super().xTruncate(size)

    def xSync(self, flags):  # noqa: N802
        self._note("sync")  # the real one would only take time: power is lost on the tape alone
        self._tape.events.append(Event("synced", self._name))

    def _note(self, kind: str, offset: int = 0, data: bytes = b"") -> None:
        if self._name:  # temporary files have none
            self._tape.note(kind, self._name, offset, data)


class RecordingVFS(apsw.VFS):
    """Register with a `Tape`; SQLite uses it as `vfs=name`."""

    def __init__(self, name: str, tape: Tape) -> None:
        super().__init__(name, "unix")
        self._tape = tape

    def xOpen(self, name, flags):  # noqa: N802
        return _File("unix", name, flags, self._tape)

    def xDelete(self, name, sync):  # noqa: N802
        self._tape.events.append(Event("delete", Path(name).name))
        super().xDelete(name, sync)


class Disk:
    """Files as they would be: what is durable, and what is only on its way."""

    def __init__(self) -> None:
        self._durable: dict[str, bytearray] = {}
        self._waiting: dict[str, list[Event]] = {}

    def play(self, event: Event) -> None:
        if event.kind == "delete":
            self._durable.pop(event.name, None)
            self._waiting.pop(event.name, None)
        elif event.kind == "synced":
            self._durable[event.name] = self._with(event.name, self._waiting.pop(event.name, []))
        elif event.kind in {"write", "truncate"}:
            self._waiting.setdefault(event.name, []).append(event)

    def after_power_loss(self, how: str, rng: random.Random) -> dict[str, bytes]:
        """Return the files; `how` says what became of the writes on their way."""
        names = self._durable.keys() | self._waiting.keys()
        return {name: bytes(self._with(name, self._survivors(name, how, rng))) for name in sorted(names)}

    def _survivors(self, name: str, how: str, rng: random.Random) -> list[Event]:
        waiting = self._waiting.get(name, [])
        match how:
            case "nothing":
                return []
            case "all":
                return waiting
            case "some":
                return [event for event in waiting if rng.random() < 0.5]
            case "torn":
                kept = waiting[: rng.randint(0, len(waiting))]
                return kept[:-1] + [torn(event, rng) for event in kept[-1:]]
        raise ValueError(how)

    def _with(self, name: str, events: list[Event]) -> bytearray:
        content = bytearray(self._durable.get(name, b""))
        for event in events:
            if event.kind == "truncate":
                del content[event.offset :]
                continue
            if len(content) < event.offset:
                content.extend(bytes(event.offset - len(content)))
            content[event.offset : event.offset + len(event.data)] = event.data
        return content


def torn(event: Event, rng: random.Random) -> Event:
    """Let only the first sectors of a write arrive."""
    sectors = rng.randint(0, max(len(event.data) // SECTOR, 0))
    return Event(event.kind, event.name, event.offset, event.data[: sectors * SECTOR])


def states(tape: Tape, *, seed: int = 1) -> Iterator[tuple[list[str], dict[str, bytes]]]:
    """Yield, at each sync, what the marks said before it and what the disk may hold if power goes then."""
    rng = random.Random(seed)
    disk, marks = Disk(), []
    for event in tape.events:
        if event.kind == "mark":
            marks.append(event.name)
        if event.kind == "sync":
            for how in ("nothing", "all", "some", "torn"):
                yield list(marks), disk.after_power_loss(how, rng)
        disk.play(event)
        if event.kind == "synced":
            yield list(marks), disk.after_power_loss("nothing", rng)


def laid(files: dict[str, bytes], folder: Path) -> Path:
    """Make `folder` hold what a disk held; return it."""
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def cuts(tape: Tape, folder: Path, *, each: int = 1, since: int = 0) -> Iterator[tuple[int, Path]]:
    """Yield, for such states of the disk from the mark `since` on, the number marked last and the files.

    Marks are numbers. `each`: one state of so many.
    """
    for number, (marks, files) in enumerate(states(tape)):
        if marks and int(marks[-1]) >= since and number % each == 0:
            yield int(marks[-1]), laid(files, folder / f"state{number}")


def unsynced_at_marks(tape: Tape) -> set[str]:
    """Return the logs that had been written and not synced at any mark: what was acknowledged too early."""
    early: set[str] = set()
    since_sync: set[str] = set()
    for event in tape.events:
        match event.kind:
            case "write" if event.name.endswith("-wal"):
                since_sync.add(event.name)
            case "synced":
                since_sync.discard(event.name)
            case "mark":
                early |= since_sync
    return early
