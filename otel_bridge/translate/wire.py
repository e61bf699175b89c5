"""The little of protobuf's wire format that joining messages takes."""

from __future__ import annotations

from typing import Final

LOW_BITS: Final = 0x7F
"""What a byte of a varint holds, and the largest last byte."""

MORE: Final = 0x80

GROUP_END: Final = 4


def _encoded(number: int) -> bytes:
    parts = bytearray()
    while number > LOW_BITS:
        parts.append(number & LOW_BITS | MORE)
        number >>= 7
    parts.append(number)
    return bytes(parts)


_SMALL: Final = tuple(map(_encoded, range(1 << 14)))


def varint(number: int) -> bytes:
    """Encode a number that is not negative."""
    return _SMALL[number] if number < len(_SMALL) else _encoded(number)


def tag(number: int, wire_type: int) -> bytes:
    """Encode a field's number and wire type."""
    return varint(number << 3 | wire_type)


def after_field(wire: bytes, at: int) -> int:
    """Return where the field at `at` ends; raise ValueError for a wire type that protobuf does not have."""
    key, at = number(wire, at)
    match key & 7:
        case 0:
            return number(wire, at)[1]
        case 1:
            return at + 8
        case 2:
            size, at = number(wire, at)
            return at + size
        case 5:
            return at + 4
        case 3:
            return _after_group(wire, at)
        case other:
            raise ValueError(f"no wire type {other}")


def number(wire: bytes, at: int) -> tuple[int, int]:
    """Decode the varint at `at`; return it and where it ends."""
    value = shift = 0
    while wire[at] > LOW_BITS:
        value |= (wire[at] & LOW_BITS) << shift
        shift += 7
        at += 1
    return value | wire[at] << shift, at + 1


def _after_group(wire: bytes, at: int) -> int:
    """Return where a group ends: unknown fields may be groups."""
    while number(wire, at)[0] & 7 != GROUP_END:
        at = after_field(wire, at)
    return number(wire, at)[1]
