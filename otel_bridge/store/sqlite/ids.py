"""How ids lie in the tables: 16 or 32 hex digits as 8 or 16 bytes, every other id as its text.

Ids are most of what the indexes hold, and those are most of what a write touches: packed, they are half as
large. SQLite sorts bytes after text, which is the order that `store.asked` gives to ids.
"""

from __future__ import annotations

from typing import Any, Final, overload

_HEX_LENGTHS: Final = (16, 32)

PACKED: Final = """
    SELECT iif(length(value) IN (16, 32) AND value NOT GLOB '*[^0-9a-f]*', unhex(value), value)
    FROM json_each(?)
"""
"""Selects the packed ids of a JSON array of ids."""


@overload
def pack(value: str) -> str | bytes: ...
@overload
def pack(value: str | None) -> str | bytes | None: ...


def pack(value: str | None) -> str | bytes | None:
    """Return what is stored for an id."""
    if value is None or len(value) not in _HEX_LENGTHS:
        return value
    try:
        packed = bytes.fromhex(value)
    except ValueError:
        return value
    return packed if packed.hex() == value else value


def unpack(stored: Any) -> str | None:
    """Return the id of what is stored."""
    return stored.hex() if isinstance(stored, bytes) else stored
