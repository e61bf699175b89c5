"""What the service tells its writer process on the command line, as JSON."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from otel_bridge.translate.options import Options

STORE_FILE: Final = "calls.db"
"""The store inside the data directory."""


class WriterSettings(Struct, frozen=True, kw_only=True):
    """Where calls are kept, for how long (seconds) and in how many bytes (None is no limit).

    `options` say what spans become.
    """

    data_dir: str
    retention_seconds: int | None
    max_bytes: int | None
    default_project: str | None
    options: Options = Options()
