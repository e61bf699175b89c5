"""A dialect that does not exist, added by rows and one reader; run in a process of its own by a test.

In the tables the rows would stand where they are put here, behind those that are there.
"""

from __future__ import annotations

import sys

import orjson

from otel_bridge.translate import fields
from otel_bridge.translate.readers import as_count, as_is, as_name
from otel_bridge.translate.sources import Dialect, Only, ours


def turns_of(value):
    """Read `user: Hi|assistant: Hello` as messages."""
    if type(value) is not str or ": " not in value:
        return None
    turns = (turn.partition(": ") for turn in value.split("|"))
    return [{"role": role, "content": content} for role, _, content in turns]


ROWS = {
    "inputs": ours(turns_of, ("acme.dialog", Dialect.PLAIN), only=Only("acme.kind")),
    "output": ours(as_is, ("acme.answer", Dialect.PLAIN)),
    "kind": ours(as_name, ("acme.kind", Dialect.PLAIN)),
    "model": ours(as_name, ("acme.model", Dialect.PLAIN)),
    "input_tokens": ours(as_count, ("acme.cost.in", Dialect.PLAIN)),
}

fields.FIELDS = {name: (*rows, *ROWS.get(name, ())) for name, rows in fields.FIELDS.items()}

from otel_bridge.translate.calls import translate  # noqa: E402 - the tables are read when this is imported
from otel_bridge.translate.explain import explain  # noqa: E402
from tests.fixtures.otlp_spans import a_span  # noqa: E402
from tests.pages.semconv import page  # noqa: E402

SPAN = {
    "acme.kind": "llm",
    "acme.model": "anvil-2",
    "acme.dialog": "system: Be brief.|user: Hi",
    "acme.answer.text": "Hello",
    "acme.cost.in": "7",
}

if __name__ == "__main__":
    call = translate(a_span(SPAN))
    story = explain(a_span(SPAN))
    told = {
        "inputs": orjson.loads(call.start.inputs),
        "output": orjson.loads(call.end.output),
        "kind": orjson.loads(call.start.attributes)["kind"],
        "usage": orjson.loads(call.end.summary)["usage"],
        "explained": {name: story.field(name).said.key for name in ("inputs", "output", "attributes.model")},
        "left": [part.name for part in story.left if part.where == "attribute"],
        "on the page": [key for rows in ROWS.values() for key in (rows[0].key,) if f"`{key}`" in page()],
    }
    sys.stdout.buffer.write(orjson.dumps(told))
