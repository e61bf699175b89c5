"""Opens what the writer process keeps things in."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from otel_bridge.errors import StartError
from otel_bridge.ingest import frames
from otel_bridge.ingest.frames import frame
from otel_bridge.ingest.restored import finish_restore
from otel_bridge.ingest.settings import (
    DEAD_LETTERS_DIR,
    DEAD_LETTERS_FILE,
    QUEUE_FILE,
    STORE_FILE,
    WRITTEN_FILES,
)
from otel_bridge.store.sqlite.migrate import check_file, steps
from otel_bridge.store.sqlite.writer import SqliteWriter
from otel_bridge.translate.calls import translate

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import ExitStack

    import apsw

    from otel_bridge.ingest.exporters.base import Outlet
    from otel_bridge.ingest.exporters.erasing import FilesErasing
    from otel_bridge.ingest.exporters.settings import OutletSettings
    from otel_bridge.ingest.fan import Fan
    from otel_bridge.ingest.leading import Leading
    from otel_bridge.ingest.settings import QueueSettings, WriterSettings
    from otel_bridge.queue.sqlite.writer import SqliteQueueWriter
    from otel_bridge.store.limits import StoreLimits
    from otel_bridge.store.scoring.watching import Watched
    from otel_bridge.translate.options import Options


def check_versions(store: Path, queue: Path | None = None, dead: Path | None = None) -> None:
    """Raise StartError when any of these was written by a newer version, before any is brought up to date."""
    check_file(store, len(steps()))
    if queue is None or dead is None:
        return
    from otel_bridge.queue.sqlite.dead import APPLICATION_ID as DEAD_ID  # noqa: PLC0415 - most bridges have none
    from otel_bridge.queue.sqlite.dead import SCHEMA_VERSION  # noqa: PLC0415 - as above
    from otel_bridge.queue.sqlite.queries import APPLICATION_ID, SCHEMA  # noqa: PLC0415 - as above

    check_file(queue, len(SCHEMA), application_id=APPLICATION_ID)
    check_file(dead, SCHEMA_VERSION, application_id=DEAD_ID)


def files_of(settings: QueueSettings | None) -> tuple[Path, ...]:
    """Return where a queue and its dead letters lie."""
    return () if settings is None else (Path(settings.path), Path(settings.dead_path))


def open_leading(settings: WriterSettings, fan: Fan) -> Leading | None:
    """Return the pipelines, where they make any difference."""
    if settings.pipelines is None or settings.pipelines.changes_nothing:
        return None
    from otel_bridge.ingest.leading import Leading  # noqa: PLC0415 - pydantic and the rest, only where needed

    return Leading(settings.pipelines, fan)


def open_outlets_of(
    settings: WriterSettings, reply: Callable[[bytes], None], owned: ExitStack
) -> Sequence[Outlet]:
    """Open the exporters of the writer process, for as long as `owned` is; raise StartError."""
    if not settings.outlets:
        return ()
    from otel_bridge.ingest.exporters.opening import open_outlets  # noqa: PLC0415 - most bridges have none

    return open_outlets(settings, reply, owned)


def open_files(data_dir: Path, outlets: Sequence[OutletSettings], owned: ExitStack) -> FilesErasing | None:
    """Return what erases from files that exporters have written; None: there were none. Raise StartError.

    `outlets` are the exporters of this process.
    """
    if not (data_dir / WRITTEN_FILES).exists():
        return None
    from otel_bridge.ingest.exporters.opening import open_erasing  # noqa: PLC0415 - most bridges have none

    return open_erasing(data_dir, outlets, owned)


def open_queue_of(settings: QueueSettings, connection: socket.socket) -> SqliteQueueWriter:
    """Open the queue of a data directory whose lock is held; raise StartError."""
    from otel_bridge.queue.sqlite.salvage import open_queue  # noqa: PLC0415 - most bridges have none

    def lost(file: Path, kept: Path) -> None:
        said = frames.Logged("error", "damaged_file_set_aside", {"file": str(file), "kept_as": str(kept)})
        connection.sendall(frame(said))

    path, dead_path = Path(settings.path), Path(settings.dead_path)
    finish_restore(make_folder(dead_path.parent))
    return open_queue(path, dead_path, settings.destinations, settings.limits, lost=lost)


def databases_of(queue: SqliteQueueWriter) -> Mapping[str, apsw.Connection]:
    """Return what a queue writes through, by the names its files have in a data directory."""
    own, dead = queue.databases
    return {QUEUE_FILE: own, f"{DEAD_LETTERS_DIR}/{DEAD_LETTERS_FILE}": dead}


def make_folder(folder: Path) -> Path:
    """Make a directory for the queue or for dead letters; raise StartError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"cannot make the directory {folder}: {error.strerror}") from error
    return folder


def open_store(
    data_dir: Path, limits: StoreLimits, options: Options, watched: Watched | None = None
) -> SqliteWriter:
    """Open the store of a data directory whose lock is held; raise StartError."""
    path, again = data_dir / STORE_FILE, partial(translate, options=options)
    return SqliteWriter(path, limits, translate=again, translator=options.stamp, watched=watched)


def say(connection: socket.socket, data: bytes) -> None:
    """Send frames to the service, if it is still there; what is kept stays kept."""
    with suppress(OSError):
        connection.sendall(data)
