"""What explain says a field is, translate makes of it: for any span, with any options."""

from __future__ import annotations

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from otel_bridge.model.call import CompletedCall
from otel_bridge.translate.calls import translate
from otel_bridge.translate.explain import explain
from otel_bridge.translate.fields import FIELDS
from otel_bridge.translate.options import DEFAULT, Options
from otel_bridge.translate.sources import Told
from tests.fixtures.captures import CAPTURES, spans
from tests.fixtures.otlp_spans import a_message, a_request, decoded
from tests.property.test_translate_heard import events, logs, options
from tests.property.test_translate_spans import attributes, texts, times

TREES = ("inputs", "output", "attributes", "summary")
SAID_ELSEWHERE = {"span", "otel_dump", "span_start_ns", "wb_user_id"}
"""Members of a call that are no fields: the span itself, and what no span says."""

messages = st.builds(
    a_message,
    attributes,
    name=texts | st.just("x" * 200),
    start_time_unix_nano=times,
    end_time_unix_nano=times,
    parent_span_id=st.sampled_from([b"", bytes(8), b"parentid", b"bad"]),
    status=st.builds(Status, code=st.integers(-1, 4), message=texts),
    events=events,
)


def as_translated(call) -> dict:
    """Return the fields of a call as one tree."""
    halves = (call.start, call.end) if isinstance(call, CompletedCall) else (call,)
    members = {}
    for half in halves:
        members |= {name: value for name, value in msgspec.structs.asdict(half).items() if value is not None}
    trees = {name: orjson.loads(members[name]) for name in TREES if name in members}
    members |= {name: tree for name, tree in trees.items() if tree != {} or name == "summary"}
    return {
        name: value
        for name, value in members.items()
        if name not in SAID_ELSEWHERE and not (name in TREES and value == b"{}")
    }


def as_explained(explanation) -> dict:
    """Put the values of an explanation where their paths lead."""
    tree: dict = {}
    for field in explanation.fields:
        if field.value is None:
            continue
        node = tree
        for step in field.path[:-1]:
            node = node.setdefault(step, {})
        node[field.path[-1]] = orjson.loads(orjson.dumps(field.value))
    return {name: value for name, value in tree.items() if value != {}}


def at(tree: dict, path: tuple[str, ...]):
    for step in path:
        tree = tree[step]
    return tree


def check(span, chosen: Options) -> None:
    explanation = explain(span, chosen)
    assert as_explained(explanation) == as_translated(translate(span, chosen))
    for sums in ("attributes.aggregated_usage", "summary.usage"):
        whole = explanation.field(sums)
        assert (
            whole is None or whole.value is None or whole.value == at(as_explained(explanation), whole.path)
        )
    used = {key for field in explanation.fields for key in field.used}
    left = {part.name for part in explanation.left if part.where == "attribute"}
    assert used.isdisjoint(left)
    assert used | left == set(span.attributes)
    assert orjson.dumps(msgspec.to_builtins(explanation))


@given(messages, logs, options)
def test_every_field_that_is_explained_is_what_translate_makes_and_every_attribute_is_used_or_left(
    message, recorded, chosen
):
    (span,) = decoded(a_request(message)).spans
    check(msgspec.structs.replace(span, logs=recorded), chosen)


@pytest.mark.parametrize("capture", CAPTURES)
def test_the_fields_of_recorded_spans_are_what_translate_makes(capture):
    for span in spans(capture):
        check(span, DEFAULT)


def test_no_two_sources_of_a_field_share_key_and_condition():
    for rows in FIELDS.values():
        found = [(row.key, row.only) for row in rows if row.told is Told.ATTRIBUTES]
        assert len(found) == len(set(found))
