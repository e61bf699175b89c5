"""Who copies what is to be backed up: the bridge that has it, or ourselves where none runs."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from otel_bridge.errors import StartError
from otel_bridge.ingest.settings import QUEUE_FILE, STORE_FILE
from otel_bridge.repair.manifest import DATABASES, DEAD_LETTERS
from otel_bridge.repair.remote import Remote, address_of, is_locked
from otel_bridge.store.copying import Copied, CopyAsked
from otel_bridge.store.sqlite.connection import open_reader
from otel_bridge.store.sqlite.copying import Copying
from otel_bridge.store.sqlite.migrate import check

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    import apsw

    from otel_bridge.repair.erasing import Files

PATH: Final = "/bridge/backup"
SHARE: Final = 4
"""A bridge copies for one part in so many of the time."""


class CopySteps(Protocol):
    """One step of a copy into a directory."""

    def __call__(self, directory: Path, ticket: str) -> Copied:
        """Do one step. Raise Refused when there is no use in going on."""

    def stop(self, directory: Path, ticket: str) -> None:
        """End the copy unfinished."""


class RemoteCopying:
    """Has a running bridge copy, and gives it time for others in between."""

    def __init__(self, bridge: Remote) -> None:
        self._bridge = bridge
        self._busy_seconds = 0.0

    def __call__(self, directory: Path, ticket: str) -> Copied:
        """Do one step."""
        time.sleep(self._busy_seconds * (SHARE - 1))
        began = time.monotonic()
        answer = self._bridge.post(_body(directory, ticket))
        self._busy_seconds = min(time.monotonic() - began, 0.05)
        return msgspec.json.decode(answer, type=Copied)

    def stop(self, directory: Path, ticket: str) -> None:
        """End the copy unfinished."""
        self._bridge.post(_body(directory, ticket, stop=True))


def _body(directory: Path, ticket: str, *, stop: bool = False) -> bytes:
    return msgspec.json.encode(CopyAsked(directory=str(directory), ticket=ticket, stop=stop))


class LocalCopying:
    """Copies files whose directories we hold."""

    def __init__(self, sources: dict[str, apsw.Connection]) -> None:
        self._sources = sources
        self._copying: Copying | None = None

    def __call__(self, directory: Path, ticket: str) -> Copied:  # noqa: ARG002 - as the bridge
        """Do one step."""
        self._copying = self._copying or Copying(self._sources, directory)
        return self._copying.step()

    def stop(self, directory: Path, ticket: str) -> None:  # noqa: ARG002 - as the bridge
        """End the copy unfinished; also lets go of one that is finished."""
        if self._copying is not None:
            self._copying.close()
        self._copying = None


@contextmanager
def open_copying(data_dir: Path, files: Files, url: str | None) -> Generator[CopySteps]:
    """Ask the bridge that has `data_dir` (at `url`, where it is given), or open what lies there.

    Raise StartError when there is nothing, or nobody to ask.
    """
    places = {STORE_FILE: data_dir / STORE_FILE, QUEUE_FILE: files.queue, DEAD_LETTERS: files.dead}
    there = {name: path for name, path in places.items() if path.exists()}
    with ExitStack() as owned:
        if url is not None:
            yield RemoteCopying(owned.enter_context(closing(Remote(url, PATH))))
            return
        if not there:
            raise StartError(
                f"there is no store and no queue in {data_dir}; --data-dir DIR names another place"
            )
        if is_locked(owned, data_dir):
            yield RemoteCopying(owned.enter_context(closing(Remote(address_of(data_dir), PATH))))
            return
        own_place = QUEUE_FILE in there and not files.queue.parent.samefile(data_dir)
        if own_place and is_locked(owned, files.queue.parent):
            raise StartError(
                f"the queue in {files.queue.parent} is in use by a bridge with another directory"
            )
        yield _local(owned, there)


def _local(owned: ExitStack, there: dict[str, Path]) -> LocalCopying:
    sources: dict[str, apsw.Connection] = {}
    for name, path in there.items():
        sources[name] = owned.enter_context(closing(open_reader(path)))
        known = DATABASES[name]
        check(sources[name], path, known.schema, application_id=known.application_id)
    return LocalCopying(sources)
