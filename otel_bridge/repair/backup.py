"""`otel-bridge backup`: a directory with a copy of all that a bridge keeps, whole or not there at all.

It is made under another name beside its place, hashed, synced, and then renamed: a backup that was
interrupted never looks like one.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from otel_bridge import __version__
from otel_bridge.errors import BridgeError, Refused
from otel_bridge.ingest.settings import QUARANTINE_DIR, QUEUE_FILE
from otel_bridge.repair.disk import check_room, remove, sync, sync_tree
from otel_bridge.repair.manifest import DATABASES, FORMAT, MANIFEST_FILE, Manifest, described
from otel_bridge.store.copying import TICKET_FILE

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from otel_bridge.repair.copy_steps import CopySteps

SYNC_BYTES: Final = 16 << 20
"""After so many bytes the copy is synced, so that no disk has more to do at once beside the bridge's own."""
_UNFINISHED: Final = ".{}.unfinished-"


class Tell(Protocol):
    """Is told how far a backup or a restore is."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take what is being done, and bytes of it."""


def make_backup(steps: CopySteps, folders: tuple[Path, Path], target: Path, tell: Tell) -> Manifest:
    """Make a backup at `target`, which must not exist; return what it says about itself.

    `folders` are the data directory and the queue's, where more files than databases lie. Raise Refused when
    it cannot be made; then nothing of it is left.
    """
    began = _now()
    for folder in folders:
        if target.resolve().is_relative_to(folder.resolve()):
            raise Refused(f"{target} lies in {folder}, with what it is to save: name another place")
    with _unfinished(target) as (folder, ticket):
        _copy(steps, folder, ticket, tell)
        _copy_files(folders, folder)
        (folder / TICKET_FILE).unlink()
        manifest = _finish(folder, began, tell)
        if target.exists():
            raise Refused(f"{target} is there meanwhile; a backup never takes the place of something else")
        folder.rename(target)
        sync(target.parent)
    return manifest


@contextmanager
def _unfinished(target: Path) -> Generator[tuple[Path, str]]:
    """Make a directory beside the target that goes again unless it is renamed, and its ticket."""
    if os.path.lexists(target):
        raise Refused(f"{target} is there already; a backup never takes the place of something else")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        token = secrets.token_hex(16)
        folder = target.parent / f"{_UNFINISHED.format(target.name)}{token[:8]}"
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise Refused(f"cannot write beside {target}: {error.strerror}") from error
    try:
        with (folder / TICKET_FILE).open("w") as ticket:
            fcntl.flock(ticket, fcntl.LOCK_EX)
            ticket.write(token)
            ticket.flush()
            yield folder, token
    except OSError as error:
        raise Refused(f"the backup cannot be written: {error.strerror}") from error
    finally:
        remove(folder)


def _sweep(target: Path) -> None:
    """Remove what killed backups to the same place have left; what is still being made is locked."""
    prefix = _UNFINISHED.format(target.name)
    for left in (path for path in target.parent.iterdir() if path.name.startswith(prefix)):
        if not _is_held(left / TICKET_FILE):
            remove(left)


def _is_held(ticket: Path) -> bool:
    try:
        with ticket.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _copy(steps: CopySteps, folder: Path, ticket: str, tell: Tell) -> None:
    try:
        copied = steps(folder, ticket)
        check_room(folder, copied.total_bytes - copied.done_bytes)
        synced = 0
        while not copied.finished:
            tell("copying", copied.done_bytes, copied.total_bytes)
            if not 0 <= copied.done_bytes - synced < SYNC_BYTES:  # less: it began anew
                synced = copied.done_bytes
                _sync_databases(folder)
            copied = steps(folder, ticket)
    finally:
        with suppress(BridgeError):  # it gives up by itself
            steps.stop(folder, ticket)


def _sync_databases(folder: Path) -> None:
    for name in DATABASES:
        with suppress(FileNotFoundError):
            sync(folder / name, data_only=True)


def _copy_files(folders: tuple[Path, Path], target: Path) -> None:
    """Copy what no database holds: notes, requests in quarantine, damaged files that were set aside."""
    for folder in dict.fromkeys(each.absolute() for each in folders):
        for path in _other_files(folder):
            into = target / path.relative_to(folder)
            into.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # quarantine makes room
                shutil.copyfile(path, into)


def _other_files(folder: Path) -> Iterator[Path]:
    for pattern in ("*.json", f"{QUARANTINE_DIR}/*", f"{QUEUE_FILE}.damaged-*"):
        yield from (path for path in sorted(folder.glob(pattern)) if path.is_file())


def _finish(folder: Path, began: str, tell: Tell) -> Manifest:
    """Hash, sync, and write the manifest."""
    paths = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    total, done = sum((folder / path).stat().st_size for path in paths), 0

    def read(more: int) -> None:
        nonlocal done
        done += more
        tell("checking", done, total)

    files = tuple(described(folder, path, read) for path in paths)
    sync_tree(folder)
    manifest = Manifest(format=FORMAT, program=__version__, began_at=began, ended_at=_now(), files=files)
    path = folder / MANIFEST_FILE
    path.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    sync(path)
    sync(folder)
    return manifest


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
