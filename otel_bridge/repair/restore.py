"""`otel-bridge restore`: a backup becomes the content of a data directory, whole or not at all.

Copies lie beside what is there until all of them are checked and synced; one rename decides
(`ingest.restored`), and until then nothing has changed.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from otel_bridge.errors import DataDirectoryLocked, Refused
from otel_bridge.ingest.address import ADDRESS_FILE, PROBES_FILE
from otel_bridge.ingest.lock import LOCK_FILE, data_directory_lock
from otel_bridge.ingest.restored import PLAN_FILE, READY_DIR, RestorePlan, finish_restore
from otel_bridge.ingest.settings import QUEUE_FILE
from otel_bridge.repair.disk import check_room, remove, sync, sync_tree
from otel_bridge.repair.manifest import DATABASES, DEAD_LETTERS, Manifest, check_database, check_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from otel_bridge.repair.backup import Tell
    from otel_bridge.repair.erasing import Files
    from otel_bridge.repair.manifest import BackupFile

UNREADY_DIR: Final = "restore.unfinished"
ASIDE: Final = "before-restore-"
_OURS: Final = frozenset({LOCK_FILE, ADDRESS_FILE, PROBES_FILE, READY_DIR, UNREADY_DIR})
"""What does not count as content of a directory, and stays."""


class Part(Struct, frozen=True):
    """What of a backup goes into one directory: each file, and its path in there."""

    folder: Path
    files: tuple[tuple[BackupFile, str], ...]


def parts_of(manifest: Manifest, data_dir: Path, files: Files, *, queue: bool) -> list[Part]:
    """Share the files of a backup among directories, the data directory last; the `queue` on request."""
    bases = [data_dir.absolute(), files.queue.parent.absolute()]
    by_folder: dict[Path, list[tuple[BackupFile, str]]] = {}
    for each in manifest.files:
        if not (of_queue := _is_of_queue(each)):
            place = data_dir / each.path
        elif each.path == DEAD_LETTERS:
            place = files.dead
        else:
            place = files.queue.parent / each.path
        if queue or not of_queue:
            folder, path = _within(place.absolute(), bases)
            by_folder.setdefault(folder, []).append((each, path))
    data = by_folder.pop(bases[0], [])
    return [Part(each, tuple(found)) for each, found in by_folder.items()] + [Part(bases[0], tuple(data))]


def _is_of_queue(file: BackupFile) -> bool:
    return file.path == DEAD_LETTERS or file.path.startswith(QUEUE_FILE)


def _within(place: Path, bases: Sequence[Path]) -> tuple[Path, str]:
    """Return the directory that is restored as one, and the path in there."""
    for base in bases:
        if place.is_relative_to(base):
            return base, str(place.relative_to(base))
    return place.parent, place.name


def restore(backup: Path, parts: Sequence[Part], tell: Tell, *, force: bool) -> list[Path]:
    """Put the files of a backup into their directories; return where what was there before lies now.

    Raise Refused when the backup is not whole, or a directory is not empty and there is no `force`;
    DataDirectoryLocked while a bridge runs on one. Then nothing has changed.
    """
    total, done = sum(file.bytes for part in parts for file, _ in part.files), 0

    def copied(more: int) -> None:
        nonlocal done
        done += more
        tell("restoring", done, total)

    with ExitStack() as owned:
        for part in parts:
            _take(owned, part, force=force)
        for part in parts:
            _lay(backup, part, copied)
        aside = f"{ASIDE}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
        return [kept for part in parts if (kept := _decide(part.folder, aside)) is not None]


def _take(owned: ExitStack, part: Part, *, force: bool) -> None:
    try:
        part.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owned.enter_context(data_directory_lock(part.folder, patience_seconds=0.5, holder=os.getpid()))
    except DataDirectoryLocked as error:
        raise DataDirectoryLocked(f"{error}: stop it, and restore then") from error
    except OSError as error:
        raise Refused(f"cannot make the directory {part.folder}: {error.strerror}") from error
    if (found := content_of(part.folder)) and not force:
        raise Refused(
            f"{part.folder} is not empty ({', '.join(found[:3])}): restore into an empty directory, or give"
            " --force, which moves what is there aside"
        )


def content_of(folder: Path) -> list[str]:
    """Return what a restore into a directory would replace."""
    names = sorted(path.name for path in folder.iterdir())
    return [name for name in names if name not in _OURS and not name.startswith(ASIDE)]


def _lay(backup: Path, part: Part, copied: Callable[[int], None]) -> None:
    """Copy files beside what is there, and check the copies."""
    beside = part.folder / UNREADY_DIR
    remove(beside)
    try:
        beside.mkdir(mode=0o700)
        check_room(beside, sum(file.bytes for file, _ in part.files))
        for file, path in part.files:
            _copy(backup, file, beside / path, copied)
        sync_tree(beside)
    except OSError as error:
        remove(beside)
        raise Refused(f"the backup cannot be copied to {part.folder}: {error.strerror}") from error
    except BaseException:
        remove(beside)
        raise


def _copy(backup: Path, file: BackupFile, into: Path, copied: Callable[[int], None]) -> None:
    into.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with into.open("wb") as copy:

        def take(piece: bytes) -> None:
            copy.write(piece)
            copied(len(piece))

        check_file(backup, file, take)
    if file.path in DATABASES:
        check_database(into, DATABASES[file.path], whole=False)


def _decide(folder: Path, aside: str) -> Path | None:
    replaced = tuple(content_of(folder))
    plan = folder / UNREADY_DIR / PLAN_FILE
    plan.write_bytes(msgspec.json.encode(RestorePlan(aside, replaced)))
    sync(plan)
    sync(plan.parent)
    (folder / UNREADY_DIR).rename(folder / READY_DIR)
    sync(folder)
    finish_restore(folder)
    return folder / aside if replaced else None
