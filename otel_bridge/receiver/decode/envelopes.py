"""Bounds how many messages a request may be made of: an empty one takes two bytes on the wire, 70 in memory.

Only `ResourceSpans`, `ScopeSpans` and `Span`, and their like for logs, count, by their place and not by their
bytes: what an attribute holds never refuses a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.errors import RequestTooLarge
from otel_bridge.translate.wire import after_field, number

if TYPE_CHECKING:
    from otel_bridge.receiver.signals import Signal

MAX_MESSAGES: Final = 500_000
"""Exporters send some hundred spans, collectors some thousand; each costs the writer some microseconds."""

_TAGS: Final = (0x0A, 0x12, 0x12)  # resource_spans, scope_spans, spans; the same in logs
_LEAST_BYTES: Final = 2


def check_wire(wire: bytes) -> None:
    """Raise RequestTooLarge for protobuf of too many messages, before they are made; malformed wire passes.

    Looks only as far as the rest of the bytes could still be too many messages: at most requests not at all.
    """
    try:
        too_many = _exceeds(wire, MAX_MESSAGES)
    except (IndexError, ValueError, RecursionError):
        return  # the parser says what is wrong
    if too_many:
        raise _refusal()


def check_tree(tree: Any, signal: Signal) -> None:
    """Raise RequestTooLarge for parsed OTLP/JSON of too many messages; whatever is no list passes."""
    nodes, count = [tree], 0
    for (name,) in signal.members:
        nodes = [item for node in nodes for item in _items(node, name)]
        count += len(nodes)
    if count > MAX_MESSAGES:
        raise _refusal()


def _exceeds(wire: bytes, limit: int) -> bool:
    at, size, left = 0, len(wire), limit
    ends = [size]
    while ends and (size - at) // _LEAST_BYTES > left:
        if at >= ends[-1]:
            ends.pop()
            continue
        if wire[at] != _TAGS[len(ends) - 1]:
            at = after_field(wire, at)
            continue
        left -= 1
        length, start = number(wire, at + 1)
        at = start
        if len(ends) < len(_TAGS):
            ends.append(start + length)
        else:
            at += length
    return left < 0


def _items(node: Any, name: str) -> list[Any]:
    items = node.get(name) if type(node) is dict else None
    return items if type(items) is list else []


def _refusal() -> RequestTooLarge:
    return RequestTooLarge(f"the request is made of more than {MAX_MESSAGES:,} messages")
