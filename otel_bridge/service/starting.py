"""From what was said on the command line to a bridge that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.config_file.files import Files
from otel_bridge.config_file.reading import load
from otel_bridge.service.reloading import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.config_file.reading import Sources


def start(sources: Sources, environ: Mapping[str, str]) -> None:
    """Run a bridge until it is told to stop; it reads the same again whenever that changes.

    Raise BadSetting for what is wrong, StartError when it cannot start.
    """
    files = Files()
    config = load(sources, environ, files).config
    files.forget_texts()
    from otel_bridge.service.running import serve  # noqa: PLC0415 - takes longer to import than a mistake may

    serve(config, Source(lambda again: load(sources, environ, again).config, files))
