"""Ids of calls and traces: which Weave accepts, and how new ones are made (`contract/weave-api.md` §1.1)."""

from __future__ import annotations

import re
import secrets
import time
from typing import Final

_UUID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_CALL_ID: Final = re.compile(f"[0-9a-f]{{16}}|{_UUID}")
_TRACE_ID: Final = re.compile(f"[0-9a-f]{{32}}|{_UUID}")

RANDOM_BYTES: Final = 10
"""How much randomness `uuid7` takes."""


def is_call_id(text: str) -> bool:
    """Tell whether `text` is a span id (16 lower-case hex digits) or a canonical lower-case UUID."""
    return _CALL_ID.fullmatch(text) is not None


def is_trace_id(text: str) -> bool:
    """Tell whether `text` is 32 lower-case hex digits or a canonical lower-case UUID."""
    return _TRACE_ID.fullmatch(text) is not None


def new_id() -> str:
    """Make an id for a call or a trace that came without one; ids made later sort later."""
    return uuid7(time.time_ns() // 1_000_000, secrets.token_bytes(RANDOM_BYTES))


def uuid7(milliseconds: int, random: bytes) -> str:
    """Make an RFC 9562 version 7 UUID of a Unix time in milliseconds and `RANDOM_BYTES` random bytes."""
    tail = int.from_bytes(random[:RANDOM_BYTES])
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | tail
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
