"""Times as text: whole microseconds since the epoch in, ISO 8601 in UTC out."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def iso(micros: int) -> bytes:
    """Return `2026-01-02T03:04:05.006000Z`, always with six digits of a second."""
    seconds, fraction = divmod(micros, 1_000_000)
    return b"%b.%06dZ" % (_second(seconds), fraction)


def naive(nanos: int) -> bytes:
    """Return nanoseconds as Python writes a naive time: no zone, no fraction when it is zero."""
    micros = nanos // 1000
    seconds, fraction = divmod(micros, 1_000_000)
    return b"%b.%06d" % (_second(seconds), fraction) if fraction else _second(seconds)


@lru_cache(maxsize=1024)
def _second(seconds: int) -> bytes:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()
