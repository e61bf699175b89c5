"""A call's `inputs` and `output` as JSON (`contract/otel-mapping.md` §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from otel_bridge.translate.tree import BRACKETS, as_lists, parsed

if TYPE_CHECKING:
    from otel_bridge.translate.lookup import Found
    from otel_bridge.translate.nested import Rendered

NOTHING: Final = b"{}"


def payload(found: Found, field: str, rendered: Rendered) -> bytes | None:
    """Return the field's value under its source's key, None when there is none.

    What was sent as `output` or `outputs` stands alone, so does an object sent as `input` or `inputs`. JSON
    texts are left in `rendered`.
    """
    places = found.shape.fields.get(field)
    if places is None:
        return None
    key, _, keys, _ = places[0]
    text = None if keys or found.whole else found.flat[key]
    if type(text) is not str:
        key, tree = found.first(places)
        if tree is None:
            return None
        value = orjson.dumps(tree)
    elif text[:1] in BRACKETS:
        tree = parsed(text)
        lists = as_lists(tree)
        value = orjson.dumps(lists)
        if lists is tree:
            rendered[text] = value
    else:
        value = orjson.dumps(text)
    return value if _stands_alone(key, value) else b'{"%b":%b}' % (key.encode(), value)


def _stands_alone(key: str, value: bytes) -> bool:
    return key in {"output", "outputs"} or (key in {"input", "inputs"} and value[:1] == b"{")
