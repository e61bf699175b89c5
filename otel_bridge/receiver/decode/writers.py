"""Writers of protobuf fields from JSON values; each message is a table from JSON key to writer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.errors import InvalidRequest
from otel_bridge.receiver.decode import scalars
from otel_bridge.receiver.decode.scalars import Malformed, tag, varint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Writer = Callable[[Any, "Reading"], bytes]
    Table = Mapping[str, Writer]

MAX_VALUE_LEVELS: Final = 64
"""Values nested deeper are refused here; protobuf's parser refuses from 48 lists or 32 maps on."""

TOO_DEEP: Final = "an attribute value is nested too deep: protobuf takes 100 messages inside each other"


class Reading:
    """What was odd about the request so far, and how deep the value at hand is nested."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.level = 0

    def note(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def unknown(self, key: str, table: Mapping[str, object]) -> None:
        if "_" in key and _camel(key) in table:
            self.counts["json_snake_case"] = 1


def message(value: Any, table: Table, reading: Reading) -> bytes:
    if type(value) is not dict:
        raise Malformed("must be an object")
    parts: list[bytes] = []
    for key, child in value.items():
        write = table.get(key)
        if write is None:
            reading.unknown(key, table)
        elif child is not None:
            try:
                parts.append(write(child, reading))
            except Malformed as error:
                error.path.insert(0, key)
                raise
    return b"".join(parts)


def scalar(number: int, wire_type: int, encode: Callable[[Any], bytes]) -> Writer:
    head = tag(number, wire_type)
    return lambda value, _reading: head + encode(value)


def one(number: int, contents: Writer) -> Writer:
    head = tag(number, scalars.BYTES)

    def write(value: Any, reading: Reading) -> bytes:
        raw = contents(value, reading)
        return head + varint(len(raw)) + raw

    return write


def many(number: int, contents: Writer, *, null: bytes = b"") -> Writer:
    """Write a list; `null` is what an item that is null becomes."""
    head = tag(number, scalars.BYTES)

    def write(value: Any, reading: Reading) -> bytes:
        if type(value) is not list:
            raise Malformed("must be a list")
        parts: list[bytes] = []
        for index, item in enumerate(value):
            if item is None:
                parts.append(null)
                continue
            try:
                raw = contents(item, reading)
            except Malformed as error:
                error.path.insert(0, f"[{index}]")
                raise
            parts += (head, varint(len(raw)), raw)
        return b"".join(parts)

    return write


def of(table: Table) -> Writer:
    return lambda value, reading: message(value, table, reading)


def enum(number: int, names: Mapping[str, int]) -> Writer:
    head = tag(number, scalars.VARINT)

    def write(value: Any, reading: Reading) -> bytes:
        if type(value) is str:
            if value not in names:
                raise Malformed("must be a number")
            reading.note("json_enum_names")
            value = names[value]
        return head + scalars.INT32(value)

    return write


def nested(contents: Writer) -> Writer:
    def write(value: Any, reading: Reading) -> bytes:
        reading.level += 1
        if reading.level > MAX_VALUE_LEVELS:
            raise InvalidRequest(TOO_DEEP)
        raw = contents(value, reading)
        reading.level -= 1
        return raw

    return write


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(map(str.capitalize, rest))


def string(value: Any, _reading: Reading) -> bytes:
    """Encode a string that is an item of a list."""
    return scalars.plain(value)


def text(number: int) -> Writer:
    return scalar(number, scalars.BYTES, scalars.text)


def identifier(number: int) -> Writer:
    return scalar(number, scalars.BYTES, scalars.identifier)


def count(number: int) -> Writer:
    return scalar(number, scalars.VARINT, scalars.UINT32)


def nanos(number: int) -> Writer:
    return scalar(number, scalars.FIXED64, scalars.WORD64)


def flags(number: int) -> Writer:
    return scalar(number, scalars.FIXED32, scalars.WORD32)


EMPTY_ITEM: Final = tag(1, scalars.BYTES) + varint(0)
"""An item of `ArrayValue.values` that holds nothing."""
