"""Whatever a span holds, it becomes a call: valid JSON, the same every time, in any order of attributes."""

from __future__ import annotations

import math

import orjson
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status, TracesData

from otel_bridge.model.call import CompletedCall
from otel_bridge.translate.batch import upsert_batch
from otel_bridge.translate.calls import translate
from otel_bridge.translate.dump import render, render_span
from otel_bridge.translate.fields import FIELDS
from otel_bridge.translate.lookup import look_up
from otel_bridge.translate.nested import nested_json
from otel_bridge.translate.payload import payload
from otel_bridge.translate.record import pack
from otel_bridge.translate.sources import Told, Wrap
from otel_bridge.translate.tree import BRACKETS, as_lists, as_weaves_lists, unflatten, walk
from tests.fixtures.otlp_spans import a_message, a_request, a_span, decoded, pairs

SOURCES = sorted(
    {source.key for sources in FIELDS.values() for source in sources}
    | {source.only.key for sources in FIELDS.values() for source in sources if source.only}
)

texts = st.text(st.characters(codec="utf-8"), max_size=20)
json_texts = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | texts,
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["0", "1", "value", "model", "a", "messages"]) | texts, children, max_size=3
        )
    ),
    max_leaves=6,
).map(lambda value: orjson.dumps(value).decode())
scalars = (
    st.sampled_from(["LLM", "chain", "agent", "ai.generateText"])
    | texts
    | json_texts
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.just(math.nan)
    | st.binary(max_size=9)
    | st.none()
)
values = st.recursive(
    scalars,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=6,
)
segments = st.sampled_from(
    [
        "a",
        "b",
        "0",
        "1",
        "",
        "value",
        "_value",
        "model",
        "request",
        "input",
        "gen_ai",
        "x y",
        "message",
        "0.message",
    ]
)
keys = (
    st.sampled_from(SOURCES)
    | st.lists(segments, min_size=1, max_size=4).map(".".join)
    | st.builds("{}.{}".format, st.sampled_from(SOURCES), segments)
)
attributes = st.dictionaries(keys, values, max_size=8)
times = st.sampled_from([0, 1, 10**18, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1)
messages = st.builds(
    a_message,
    attributes,
    name=texts,
    start_time_unix_nano=times,
    end_time_unix_nano=times,
    parent_span_id=st.sampled_from([b"", bytes(8), b"parentid", b"bad"]),
    trace_state=texts,
    kind=st.integers(-1, 7),
    flags=st.integers(0, 2**32 - 1),
    status=st.builds(Status, code=st.integers(-1, 4), message=texts),
    events=st.lists(
        st.builds(
            lambda name, sent, at: Span.Event(name=name, attributes=pairs(sent), time_unix_nano=at),
            st.just("exception") | texts,
            st.dictionaries(
                st.sampled_from(["exception.type", "exception.message", "exception.stacktrace"]), values
            ),
            times,
        ),
        max_size=2,
    ),
    links=st.lists(
        st.builds(lambda raw: Span.Link(trace_id=raw, span_id=raw), st.binary(max_size=20)), max_size=2
    ),
)


@given(messages)
def test_any_span_becomes_a_call_of_valid_json(message):
    (span,) = decoded(a_request(message)).spans
    call = translate(span)
    (item, *_) = orjson.loads(upsert_batch([call]))["batch"]
    start = item["req"]["start"]
    assert type(start["inputs"]) is type(start["attributes"]) is type(start["otel_dump"]) is dict
    assert type(call) is CompletedCall or message.end_time_unix_nano == 0


@given(messages)
def test_the_stored_span_is_the_sent_one(message):
    request = a_request(message, resource={"service.name": "s"})
    (span,) = decoded(request).spans
    stored = TracesData.FromString(pack(span)).resource_spans[0]
    assert stored.SerializeToString() == request.resource_spans[0].SerializeToString()  # NaN equals nothing
    assert render(pack(span)) == render_span(span)


@given(messages)
def test_translating_twice_gives_the_same_bytes(message):
    (first,) = decoded(a_request(message)).spans
    (second,) = decoded(a_request(message)).spans
    assert upsert_batch([translate(first)]) == upsert_batch([translate(second)])
    assert upsert_batch([translate(first, dumped=True)]) == upsert_batch([translate(first)])


def trees(call):
    start = call.start
    told = (start.attributes, start.inputs, render(start.span), call.end.output, call.end.summary)
    return [orjson.loads(raw) for raw in told], start.thread_id, start.display_name, start.turn_id


@given(attributes, st.randoms(use_true_random=False))
def test_the_order_of_attributes_does_not_matter(sent, random):
    shuffled = list(sent.items())
    random.shuffle(shuffled)
    assert trees(translate(a_span(sent))) == trees(translate(a_span(shuffled)))


@given(attributes)
def test_nested_json_is_the_tree_written_down(sent):
    flat = a_span(sent).attributes
    assert orjson.loads(nested_json(flat, {})) == orjson.loads(orjson.dumps(unflatten(flat)))


def in_tree(tree, source):
    """What a source says in the tree of all attributes."""
    if source.only is not None:
        said = walk(tree, source.only.key.split("."))
        if (
            type(said) is not str
            or said[:1] in BRACKETS
            or not (not source.only.values or said.lower() in source.only.values)
        ):
            return None
    lists = as_lists if source.ours else as_weaves_lists
    return source.read(lists(walk(tree, source.key.split("."))))


@given(attributes)
def test_looking_a_field_up_is_reading_the_tree(sent):
    flat = a_span(sent).attributes
    tree = unflatten(flat)
    found = look_up(flat)
    for field, sources in FIELDS.items():
        said = (in_tree(tree, source) for source in sources if source.told is Told.ATTRIBUTES)
        assert found.pick(field) == next((value for value in said if value is not None), None)


@given(attributes)
def test_a_payload_is_the_value_under_its_key(sent):
    flat = a_span(sent).attributes
    found = look_up(flat)
    for field in ("inputs", "output"):
        first, value = found.first(found.shape.fields.get(field, ()))
        got = payload(found, field, {})
        if first is None:
            assert got is None
        else:
            alone = first.wrap is Wrap.NEVER or (first.wrap is Wrap.UNLESS_OBJECT and type(value) is dict)
            assert orjson.loads(got) == (value if alone else {first.key: value})


@given(attributes)
def test_translation_leaves_the_span_alone(sent):
    span = a_span(sent)
    before = orjson.dumps(span.attributes)
    translate(span, dumped=True)
    assert orjson.dumps(span.attributes) == before
