"""Opens the exporters of the writer process."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from otel_bridge.ingest import frames
from otel_bridge.ingest.exporters.erasing import FilesErasing
from otel_bridge.ingest.exporters.remembered import absolute, remember, remembered
from otel_bridge.ingest.exporters.settings import FileSettings
from otel_bridge.ingest.frames import frame
from otel_bridge.outcomes import exported_by

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from otel_bridge.ingest.exporters.base import Outlet
    from otel_bridge.ingest.exporters.settings import OutletSettings
    from otel_bridge.ingest.settings import WriterSettings


def open_outlets(settings: WriterSettings, reply: Callable[[bytes], None], owned: ExitStack) -> list[Outlet]:
    """Open them for as long as `owned` is, and remember where they write; raise StartError."""
    outlets: list[Outlet] = []
    for each in settings.outlets:
        outlet = _open(each, reply, settings.default_project)
        owned.callback(outlet.close)
        outlets.append(outlet)
    remember(Path(settings.data_dir), settings.outlets, settings.default_project)
    return outlets


def open_erasing(data_dir: Path, outlets: Sequence[OutletSettings], owned: ExitStack) -> FilesErasing:
    """Return what erases from files that were written; `outlets` are the exporters of this process."""
    own = [absolute(one.path) for one in outlets if isinstance(one, FileSettings)]
    erasing = FilesErasing(remembered(data_dir), own)
    owned.callback(erasing.close)
    return erasing


def _open(settings: OutletSettings, reply: Callable[[bytes], None], default_project: str | None) -> Outlet:
    if not isinstance(settings, FileSettings):
        from otel_bridge.ingest.exporters.debug import DebugOutlet  # noqa: PLC0415 - few debug

        def log(event: str, /, **fields: str | float) -> None:
            reply(frame(frames.Logged("info", event, fields)))

        return DebugOutlet(settings, log, partial(_told, settings.name, reply))
    from otel_bridge.ingest.exporters.file import FileOutlet  # noqa: PLC0415 - few write files

    file = FileOutlet(settings, partial(_told, settings.name, reply), default_project=default_project)
    if file.cut:
        said: dict[str, str | int | float] = {"exporter": settings.name, "bytes": file.cut}
        reply(frame(frames.Logged("warning", "half_written_end_removed", said)))
    return file


def _told(name: str, reply: Callable[[bytes], None], outcome: str, count: int) -> None:
    reply(frame(frames.Noted({exported_by(name, outcome): count})))
