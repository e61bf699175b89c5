"""JSON scalars of OTLP/JSON to protobuf's wire format (`contract/otlp-receiver.md` §7): strict, exact."""

from __future__ import annotations

import re
import struct
from base64 import b64decode
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.translate.wire import tag, varint

if TYPE_CHECKING:
    from collections.abc import Callable

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

NOT_HEX: Final = b"not hexadecimal: "
"""Goes before an id that is not hexadecimal: none has the right length then, so its span is rejected."""

MAX_NUMBER_CHARS: Final = 48
LOWEST: Final = -(2.0**63)  # or an integer below it: orjson makes floats of those
PLAIN_CHARS: Final = 20  # of the longest 64-bit number, with its sign

_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*", re.ASCII)
_URL_SAFE: Final = str.maketrans("-_", "+/")

SPECIAL_DOUBLES: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class Malformed(Exception):
    """A JSON value that cannot be what its field holds; `path` leads to it."""

    def __init__(self, complaint: str) -> None:
        super().__init__(complaint)
        self.path: list[str] = []


def plain(value: Any) -> bytes:
    """Encode a string, without its length."""
    if type(value) is not str:
        raise Malformed("must be a string")
    return value.encode()


def text(value: Any) -> bytes:
    """Encode a string, with its length."""
    raw = plain(value)
    return varint(len(raw)) + raw


def identifier(value: Any) -> bytes:
    """Encode a hexadecimal id of any length and case, with its length."""
    if type(value) is not str:
        raise Malformed("must be a string of hexadecimal digits")
    try:
        raw = bytes.fromhex(value) if value.isalnum() or not value else None
    except ValueError:
        raw = None
    if raw is None:
        raw = NOT_HEX + value.encode()
    return varint(len(raw)) + raw


def octets(value: Any) -> bytes:
    """Encode base64, standard or url-safe, padded or not, with its length."""
    if type(value) is not str:
        raise Malformed("must be a base64 string")
    plain = value.translate(_URL_SAFE).rstrip("=")
    if not _BASE64.fullmatch(plain) or len(plain) % 4 == 1:
        raise Malformed("is not base64")
    raw = b64decode(plain + "=" * (-len(plain) % 4))
    return varint(len(raw)) + raw


def boolean(value: Any) -> bytes:
    """Encode true or false."""
    if type(value) is not bool:
        raise Malformed("must be true or false")
    return b"\x01" if value else b"\x00"


def double(value: Any) -> bytes:
    """Encode a number, also one in a string, and the strings NaN, Infinity and -Infinity."""
    kind = type(value)
    if kind is str:
        value = SPECIAL_DOUBLES.get(value) if value in SPECIAL_DOUBLES else _finite(value)
    elif kind is not float and kind is not int:
        raise Malformed("must be a number")
    return struct.pack("<d", value)


def integer(low: int, high: int, encode: Callable[[int], bytes]) -> Callable[[Any], bytes]:
    """Return an encoder of whole numbers from `low` to `high`, sent as numbers or decimal strings."""

    def encoded(value: Any) -> bytes:
        number = value if type(value) is int else _whole(value)
        if not low <= number <= high:
            raise Malformed(f"must be between {low} and {high}")
        return encode(number)

    return encoded


def _whole(value: Any) -> int:
    if type(value) is str:
        if (
            len(value) <= PLAIN_CHARS
            and (value.isdigit() or value[1:].isdigit())
            and _NUMBER.fullmatch(value)
        ):
            return int(value)
        value = _exact(value)
        if value == value.to_integral_value():
            return int(value)
    elif type(value) is float and value.is_integer() and value > LOWEST:
        return int(value)
    raise Malformed("must be a whole number, or one in a string")


def _exact(value: str) -> Decimal:
    if len(value) > MAX_NUMBER_CHARS or not _NUMBER.fullmatch(value):
        raise Malformed("must be a number")
    return Decimal(value)


def _finite(value: str) -> float:
    number = float(value) if _NUMBER.fullmatch(value) else float("nan")
    if number - number != 0:
        raise Malformed("must be a number that fits into 64 bits")
    return number


def signed(number: int) -> bytes:
    """Encode a negative number as protobuf's varints do: in two's complement of 64 bits."""
    return varint(number & 0xFFFF_FFFF_FFFF_FFFF)


INT32: Final = integer(-(2**31), 2**31 - 1, signed)
INT64: Final = integer(-(2**63), 2**63 - 1, signed)
UINT32: Final = integer(0, 2**32 - 1, varint)
WORD32: Final = integer(0, 2**32 - 1, struct.Struct("<I").pack)
WORD64: Final = integer(0, 2**64 - 1, struct.Struct("<Q").pack)

__all__ = [
    "BYTES", "FIXED32", "FIXED64", "INT32", "INT64", "NOT_HEX", "UINT32", "VARINT", "WORD32", "WORD64",
    "Malformed", "boolean", "double", "identifier", "octets", "plain", "tag", "text", "varint",
]  # fmt: skip
