"""Whatever events and log records say, a call comes of it; whatever tree is flattened comes back."""

from __future__ import annotations

import msgspec
import orjson
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_bridge.translate.batch import upsert_batch
from otel_bridge.translate.calls import translate
from otel_bridge.translate.messages import CHOICE, CONTENT, DETAILS, ROLES
from otel_bridge.translate.options import Options
from otel_bridge.translate.tree import unflatten
from tests.fixtures.otlp_spans import a_span, any_value, pairs
from tests.property.test_translate_spans import attributes, texts, values

names = st.sampled_from([CHOICE, DETAILS, *ROLES, *CONTENT, "exception", ""]) | texts
members = st.dictionaries(
    st.sampled_from(
        [
            "content", "role", "message", "finish_reason", "tool.result", "event.name",
            "gen_ai.event.content", "gen_ai.input.messages", "gen_ai.output.messages",
            "gen_ai.system_instructions", "gen_ai.prompt",
        ]
    )
    | texts,
    values,
    max_size=4,
)  # fmt: skip
events = st.lists(
    st.builds(lambda name, said: Span.Event(name=name, attributes=pairs(said)), names, members), max_size=3
)
logs = st.lists(
    st.builds(
        lambda name, said, body: LogRecord(event_name=name, attributes=pairs(said), body=any_value(body)),
        names,
        members,
        values | members,
    ),
    max_size=3,
).map(tuple)
options = st.builds(
    Options,
    usage_on_wrappers=st.sampled_from(["drop", "keep"]),
    session_threads=st.booleans(),
    turns=st.sampled_from(["roots", "spans"]),
)


@given(attributes, events, logs, options)
def test_any_events_and_records_give_a_call_of_valid_json(sent, spoken, recorded, chosen):
    span = msgspec.structs.replace(a_span(sent, events=spoken), logs=recorded)
    (start, end) = orjson.loads(upsert_batch([translate(span, chosen)]))["batch"]
    assert type(start["req"]["start"]["inputs"]) is dict
    assert type(end["req"]["end"]["summary"]) is dict


@given(attributes, events, logs, options)
def test_they_give_the_same_call_every_time(sent, spoken, recorded, chosen):
    span = msgspec.structs.replace(a_span(sent, events=spoken), logs=recorded)
    assert translate(span, chosen) == translate(span, chosen)


plain_keys = st.text("abcxyz_ü0123456789", min_size=1, max_size=5)
leaves = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts.filter(lambda text: text[:1] not in {"{", "["})
    | st.lists(st.integers(0, 9), max_size=3)
)
nested = st.recursive(
    st.dictionaries(plain_keys, leaves, min_size=1, max_size=4),
    lambda children: st.dictionaries(plain_keys, leaves | children, min_size=1, max_size=4),
    max_leaves=12,
)


def flattened(tree: dict, prefix: str = "") -> dict:
    """Return dotted keys for the leaves of a tree."""
    flat = {}
    for key, child in tree.items():
        flat |= flattened(child, f"{prefix}{key}.") if type(child) is dict else {prefix + key: child}
    return flat


@given(nested)
def test_unflattening_a_flattened_tree_gives_it_back(tree):
    """But for empty objects, keys with dots and texts that are JSON, which dotted keys cannot tell apart."""
    assert unflatten(flattened(tree)) == tree
