"""Plain values to OTLP's `AnyValue` (`common.proto`): the way back from `translate.values`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

INT64: Final = range(-(1 << 63), 1 << 63)
"""What an `int_value` holds."""


def write(message: Any, value: Any) -> None:
    """Put a value into an `AnyValue`, whatever was there; an integer beyond 64 bits becomes a double."""
    message.Clear()
    if value is not None:
        _WRITERS[type(value)](message, value)


def _int(message: Any, value: int) -> None:
    if value in INT64:
        message.int_value = value
    else:
        message.double_value = float(value)


def _list(message: Any, value: list[Any]) -> None:
    message.array_value.SetInParent()
    for item in value:
        write(message.array_value.values.add(), item)


def _map(message: Any, value: dict[str, Any]) -> None:
    message.kvlist_value.SetInParent()
    for key, item in value.items():
        pair = message.kvlist_value.values.add(key=key)
        write(pair.value, item)


def _setter(field: str) -> Callable[[Any, Any], None]:
    return lambda message, value: setattr(message, field, value)


_WRITERS: Final[Mapping[type, Callable[[Any, Any], None]]] = {
    str: _setter("string_value"),
    bool: _setter("bool_value"),
    int: _int,
    float: _setter("double_value"),
    bytes: _setter("bytes_value"),
    list: _list,
    dict: _map,
}
