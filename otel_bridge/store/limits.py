"""How much a store may keep, and for how long."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

DEFAULT_RETENTION_SECONDS: Final = 14 * 24 * 3600
DEFAULT_MAX_BYTES: Final = 20 << 30

MAX_LOGS_BYTES: Final = 1 << 20
"""What is kept of the log records of one span, uncompressed; later records are counted and dropped."""


class StoreLimits(Struct, frozen=True, kw_only=True):
    """The oldest calls by arrival go: after `retention_seconds`, and when the store passes `max_bytes`.

    None is no limit. `max_bytes` bounds what the store takes on disk, its log of recent writes included.
    """

    retention_seconds: int | None = DEFAULT_RETENTION_SECONDS
    max_bytes: int | None = DEFAULT_MAX_BYTES
