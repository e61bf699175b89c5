"""AnyValue to values that JSON can hold (`contract/otel-mapping.md` §3)."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otel_bridge.model.span import Attributes, Value

MAX_LEVELS: Final = 24
"""Lists and maps nested deeper than this are not mapped (`contract/otlp-receiver.md` §7)."""

TOO_DEEP: Final = f"<nested deeper than {MAX_LEVELS}>"

Counts = dict[str, int]
"""How often something worth telling was met, by name of `telemetry.NOTES`."""


def flatten(pairs: Any, counts: Counts) -> Attributes:
    """Read repeated `KeyValue` messages; of a key sent twice the last value, oddities counted."""
    flat: Attributes = {}
    for pair in pairs:
        value = pair.value
        # Most values are text, most of the others numbers: two field reads are cheaper than WhichOneof.
        flat[pair.key] = value.string_value or value.int_value or _other(value, 1, counts)
    if "" in flat:
        flat = _without_references(pairs, counts)
    if len(flat) != len(pairs):
        _note_duplicates(pairs, counts)
    return flat


def read(value: Any, level: int, counts: Counts) -> Value:
    """Read one `AnyValue`; `level` is the level that a list or map here would have, from 1."""
    return value.string_value or value.int_value or _other(value, level, counts)


def _other(value: Any, level: int, counts: Counts) -> Value:
    kind = value.WhichOneof("value")
    return None if kind is None else READERS[kind](value, level, counts)


def _double(value: Any, _level: int, _counts: Counts) -> float | str:
    number: float = value.double_value
    return number if number - number == 0 else str(number)


def _bytes(value: Any, _level: int, _counts: Counts) -> str:
    return b64encode(value.bytes_value).decode()


def _array(value: Any, level: int, counts: Counts) -> Value:
    if level > MAX_LEVELS:
        return _cut(counts)
    return [read(item, level + 1, counts) for item in value.array_value.values]


def _kvlist(value: Any, level: int, counts: Counts) -> Value:
    if level > MAX_LEVELS:
        return _cut(counts)
    return {pair.key: read(pair.value, level + 1, counts) for pair in value.kvlist_value.values}


def _cut(counts: Counts) -> str:
    counts["nested_too_deep"] = counts.get("nested_too_deep", 0) + 1
    return TOO_DEEP


def _reference(_value: Any, _level: int, counts: Counts) -> None:
    counts["string_table_references"] = counts.get("string_table_references", 0) + 1


READERS: Final[Mapping[str, Callable[[Any, int, Counts], Value]]] = {
    "string_value": lambda *_: "",
    "int_value": lambda *_: 0,
    "bool_value": lambda value, *_: value.bool_value,
    "double_value": _double,
    "bytes_value": _bytes,
    "array_value": _array,
    "kvlist_value": _kvlist,
    "string_value_strindex": _reference,
}
"""Reader by member of the `AnyValue` that is set; text and ints come here only when empty or zero."""


def _is_reference(pair: Any) -> bool:
    return not pair.key and bool(getattr(pair, "key_strindex", 0))


def _without_references(pairs: Any, counts: Counts) -> Attributes:
    """Read the pairs but those whose key is a reference into a string table that traces do not have."""
    ignored: Counts = {}  # these values were counted already
    kept = {pair.key: read(pair.value, 1, ignored) for pair in pairs if not _is_reference(pair)}
    references = sum(map(_is_reference, pairs))
    if references:
        counts["string_table_references"] = counts.get("string_table_references", 0) + references
    return kept


def _note_duplicates(pairs: Any, counts: Counts) -> None:
    keys = [pair.key for pair in pairs if not _is_reference(pair)]
    twice = len(keys) - len(set(keys))
    if twice:
        counts["duplicate_attribute_keys"] = counts.get("duplicate_attribute_keys", 0) + twice
