"""A call's `inputs` and `output` as JSON (`contract/otel-mapping.md` §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orjson import dumps

from otel_bridge.translate.nested import picked_json
from otel_bridge.translate.sources import Wrap
from otel_bridge.translate.tree import BRACKETS, as_lists, as_nested_lists, as_weaves_lists, parsed

if TYPE_CHECKING:
    from otel_bridge.translate.lookup import Found, Place
    from otel_bridge.translate.nested import Rendered

NOTHING: Final = b"{}"


def payload(found: Found, field: str, rendered: Rendered) -> bytes | None:
    """Return the field's value under its source's key, None when no attribute has it.

    What was sent as `output` or `outputs` stands alone, so does an object sent as `input`, `inputs` or a
    tool's arguments. JSON texts are left in `rendered`.
    """
    for place in found.shape.fields.get(field, ()):
        if place.only is None or found.holds(place.only):
            value = _json(found, place, rendered)
            if value is not None:
                return wrapped(place.key, value, place.wrap)
    return None


def _json(found: Found, place: Place, rendered: Rendered) -> bytes | None:
    if place.skeleton is not None:
        return picked_json(place.skeleton, found.flat, rendered, as_lists if place.ours else as_nested_lists)
    if place.keys or place.read or found.whole or type(text := found.flat[place.key]) is not str:
        value = found.value(place)
        return None if value is None else dumps(value)
    if text[:1] not in BRACKETS:
        return dumps(text)
    tree = parsed(text)
    lists = as_lists(tree) if place.ours else as_weaves_lists(tree)
    json = dumps(lists)
    if lists is tree and tree:  # what is empty may read otherwise where it is nested
        rendered[text] = json
    return json


def told(key: str, value: Any) -> bytes:
    """Return a value that events or log records told, under its key."""
    return wrapped(key, dumps(value), Wrap.ALWAYS)


def wrapped(key: str, value: bytes, wrap: Wrap) -> bytes:
    """Return JSON under its source's key, or alone where the source says so."""
    if wrap is not Wrap.ALWAYS and (wrap is Wrap.NEVER or value[:1] == b"{"):
        return value
    return b'{"%b":%b}' % (key.encode(), value)
