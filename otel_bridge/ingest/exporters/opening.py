"""Opens the exporters of the writer process."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from otel_bridge.ingest import frames
from otel_bridge.ingest.exporters.settings import FileSettings
from otel_bridge.ingest.frames import frame
from otel_bridge.outcomes import exported_by

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from otel_bridge.ingest.exporters.base import Outlet
    from otel_bridge.ingest.exporters.settings import OutletSettings


def open_outlets(
    settings: Sequence[OutletSettings], reply: Callable[[bytes], None], owned: ExitStack
) -> list[Outlet]:
    """Open them for as long as `owned` is; raise StartError."""
    outlets: list[Outlet] = []
    for each in settings:
        outlet = _open(each, reply)
        owned.callback(outlet.close)
        outlets.append(outlet)
    return outlets


def _open(settings: OutletSettings, reply: Callable[[bytes], None]) -> Outlet:
    if not isinstance(settings, FileSettings):
        from otel_bridge.ingest.exporters.debug import DebugOutlet  # noqa: PLC0415 - few debug

        def log(event: str, /, **fields: str | float) -> None:
            reply(frame(frames.Logged("info", event, fields)))

        return DebugOutlet(settings, log)
    from otel_bridge.ingest.exporters.file import FileOutlet  # noqa: PLC0415 - few write files

    file = FileOutlet(settings, partial(_told, settings.name, reply))
    if file.cut:
        said: dict[str, str | int | float] = {"exporter": settings.name, "bytes": file.cut}
        reply(frame(frames.Logged("warning", "half_written_end_removed", said)))
    return file


def _told(name: str, reply: Callable[[bytes], None], outcome: str, count: int) -> None:
    reply(frame(frames.Noted({exported_by(name, outcome): count})))
