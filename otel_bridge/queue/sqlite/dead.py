"""Dead letters: calls that will not be delivered, with the reason, until a person decides about them.

They lie in a SQLite file of their own, whole, so that they can be read, exported and sent again.
Each is kept once, by its destination, record and place in it: so it does not matter that the queue's cursor
moves only afterwards.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import apsw
from msgspec import Struct

from otel_bridge.queue.base import Record
from otel_bridge.queue.sqlite.frames import KINDS
from otel_bridge.queue.sqlite.queries import DEAD, row, rows
from otel_bridge.store.sqlite.codec import SpanCodec, UnreadableSpan
from otel_bridge.store.sqlite.connection import (
    open_reader,
    open_writer,
    set_journal,
    start_trouble,
    storage_trouble,
)
from otel_bridge.store.sqlite.migrate import check, migrate
from otel_bridge.store.sqlite.scrub import Scrubber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import TypeAlias

    Less: TypeAlias = Callable[[Record, str], tuple[bytes, int] | None]
    """Takes erased calls out of a record of a project: its payload without them, how many; None: none."""

    from otel_bridge.queue.base import Kind, Reason

APPLICATION_ID: Final = 0x4F544244
"""Tells dead letters from other databases: "OTBD" in the header."""
SCHEMA_VERSION: Final = 1
PAGE_BYTES: Final = 4096
_CHECKPOINT_PAGES: Final = 1000
"""The log is copied into the file when it has so many pages: letters are few."""
WHOLE: Final = -1
"""The item of a letter that holds all calls of its record."""
OVERHEAD_BYTES: Final = 128
"""What a letter takes beside its calls and the answer."""
MAX_ANSWER_BYTES: Final = 64 << 10
"""What is kept of a destination's answer."""
_STEP: Final = 64
_WHAT: Final = "dead letters' file"


class Letter(Struct, frozen=True, kw_only=True):
    """A dead letter. Times are nanoseconds since the Unix epoch.

    `payload` is as `queue.payload` makes it; where the reason is "corrupt", what was found on the disk.
    """

    number: int = 0
    destination: str
    project_id: str
    kind: Kind
    reason: Reason
    calls: int
    payload: bytes
    received_ns: int
    died_ns: int = 0
    wb_run_id: str | None = None
    status: int | None = None
    answer: bytes = b""
    seq: int = 0
    item: int = WHOLE


class DeadLetters:
    """Owns the file at `path`: makes it, writes, reads. Raise StartError when it cannot be used.

    With `read_only` it reads a file that is there, beside a bridge that may write it.
    """

    def __init__(
        self, path: Path, *, max_bytes: int | None = None, read_only: bool = False, vfs: str | None = None
    ) -> None:
        self._max_bytes = max_bytes
        self._read_only = read_only
        self._codec = SpanCodec(lambda _: None)
        self._sizes: tuple[int, int] | None = None
        if read_only:
            self._connection = open_reader(path, vfs=vfs)
            return
        with start_trouble(path):
            self._connection = open_writer(path, vfs=vfs)
            try:
                check(self._connection, path, SCHEMA_VERSION, application_id=APPLICATION_ID)
                set_journal(self._connection, page_bytes=PAGE_BYTES)
                migrate(self._connection, path, (DEAD["schema"],), application_id=APPLICATION_ID)
                self._connection.wal_autocheckpoint(_CHECKPOINT_PAGES)
            except BaseException:
                self._connection.close()
                raise

    def add(self, queue_id: str, letters: Iterable[Letter]) -> dict[str, int]:
        """Keep letters, synced when this returns; raise Unavailable.

        Return, by destination, how many calls of the oldest letters had to go for them.
        """
        now = time.time_ns()
        made = [self._row(queue_id, letter, now) for letter in letters]
        if not made:
            return {}
        with storage_trouble(_WHAT), self._connection:
            self._sizes = None
            self._connection.executemany(DEAD["add"], made)
            dropped = self._make_room()
        return dropped  # noqa: RET504 - mypy: a connection might swallow the error

    def sizes(self) -> tuple[int, int]:
        """Return bytes and calls of all letters."""
        if self._sizes is None:
            with storage_trouble(_WHAT):
                size, calls = row(self._connection, DEAD["sizes"])
            self._sizes = (size, calls)
        return self._sizes

    def by_reason(self) -> list[Any]:
        """Return destination, reason, letters, calls, bytes, first and last time, for each reason."""
        with storage_trouble(_WHAT):
            return rows(self._connection, DEAD["by_reason"])

    def letters(self) -> Iterator[Letter]:
        """Yield all letters, oldest first, some at a time."""
        last = 0
        while True:
            with storage_trouble(_WHAT):
                found = rows(self._connection, DEAD["some"], last, _STEP)
            if not found:
                return
            for each in found:
                last = each[0]
                yield self._letter(each)

    def drop(self, numbers: Sequence[int]) -> None:
        """Forget letters; raise Unavailable."""
        with storage_trouble(_WHAT), self._connection:
            self._sizes = None
            self._connection.executemany(DEAD["drop"], [(number,) for number in numbers])

    @property
    def database(self) -> apsw.Connection:
        """What the letters are written through, for a copy of them."""
        return self._connection

    def scrubber(self, vfs: str | None) -> Scrubber:
        """Return what overwrites the free space of the file."""
        return Scrubber(self._connection, self._cut_log, vfs)

    def _cut_log(self) -> bool:
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.BusyError:
            return False
        return True

    def erase(self, less: Less, after: int, *, dry_run: bool) -> tuple[int | None, int]:
        """Take calls out of some letters, in a transaction; return where to go on (or None), and how many.

        An answer goes with any call of its letter: it may repeat what was sent.
        """
        found, gone = [self._letter(each) for each in rows(self._connection, DEAD["some"], after, _STEP)], 0
        with storage_trouble(_WHAT), self._connection:
            self._sizes = None
            self._connection.execute("PRAGMA secure_delete = ON")
            for letter in found:
                gone += self._erase_one(letter, less, dry_run=dry_run)
        return (found[-1].number if found else None), gone

    def _erase_one(self, letter: Letter, less: Less, *, dry_run: bool) -> int:
        if letter.reason == "corrupt":
            return 0
        record = Record(
            seq=letter.seq,
            kind=letter.kind,
            calls=letter.calls,
            payload=letter.payload,
            received_ns=letter.received_ns,
            wb_run_id=letter.wb_run_id,
        )
        left = less(record, letter.project_id)
        if left is None:
            return 0
        payload, gone = left
        if not dry_run and gone >= letter.calls:
            self._connection.execute(DEAD["drop"], (letter.number,))
        elif not dry_run:
            frame = self._codec.pack(payload)
            new = (letter.calls - gone, len(frame) + OVERHEAD_BYTES, frame, letter.number)
            self._connection.execute(DEAD["replace"], new)
        return gone

    def close(self) -> None:
        """Close the file."""
        with suppress(apsw.Error):
            if not self._read_only:
                self._connection.execute("PRAGMA incremental_vacuum").fetchall()
        self._connection.close()

    def _make_room(self) -> dict[str, int]:
        lost: dict[str, int] = {}
        if self._max_bytes is None:
            return lost
        size = self.sizes()[0]
        while size > self._max_bytes:
            for number, destination, calls, more in rows(self._connection, DEAD["oldest"], _STEP):
                if size <= self._max_bytes:
                    break
                self._connection.execute(DEAD["drop"], (number,))
                size -= more
                lost[destination] = lost.get(destination, 0) + calls
        if lost:
            self._sizes = None
        return lost

    def _row(self, queue_id: str, letter: Letter, now: int) -> tuple[Any, ...]:
        frame = letter.payload if letter.reason == "corrupt" else self._codec.pack(letter.payload)
        answer = letter.answer[:MAX_ANSWER_BYTES]
        return (
            queue_id, letter.destination, letter.seq, letter.item, letter.project_id,
            KINDS.index(letter.kind), letter.reason, letter.status, answer, letter.calls, letter.received_ns,
            now, letter.wb_run_id,
            len(frame) + len(answer) + OVERHEAD_BYTES, frame,
        )  # fmt: skip

    def _letter(self, found: tuple[Any, ...]) -> Letter:
        number, destination, project_id, kind, reason, status, answer, calls, received, died, run, frame = (
            found
        )
        try:
            payload = frame if reason == "corrupt" else self._codec.unpack(frame)
        except UnreadableSpan:
            payload, reason = frame, "corrupt"
        return Letter(
            number=number, destination=destination, project_id=project_id, kind=KINDS[kind], reason=reason,
            calls=calls, payload=payload, received_ns=received, died_ns=died, wb_run_id=run, status=status,
            answer=answer,
        )  # fmt: skip
