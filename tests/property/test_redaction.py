"""Whatever a request or a call looks like, what is blocked is nowhere in what goes on."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.processor.redaction import Redaction
from otel_bridge.processor.run import process_spans
from otel_bridge.processor.settings import RedactionSettings
from tests.fixtures.processing import a_call, a_request, a_span, attributes_of, call_after, put, spans_of

SECRET = "S3CRET-77"

texts = st.builds(
    lambda before, secret, after: before + secret + after,
    st.text(max_size=5),
    st.sampled_from(["", SECRET, SECRET * 2]),
    st.text(max_size=5),
)
values = st.recursive(
    st.one_of(texts, st.booleans(), st.integers(-(1 << 63), (1 << 63) - 1), st.none(), st.binary(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
attributes = st.dictionaries(st.text(min_size=1, max_size=6), values, max_size=4)
trees = st.recursive(
    st.one_of(texts, st.booleans(), st.integers(-1000, 1000), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
objects = st.dictionaries(st.text(min_size=1, max_size=6), trees, max_size=4)

MASK = Redaction("redaction", RedactionSettings(allow_all_keys=True, blocked_values=[SECRET]))
CLOSED = Redaction("redaction", RedactionSettings(allowed_keys=["a"]))


@given(texts, attributes, attributes, attributes)
def test_nothing_blocked_is_left_in_a_request(name, of_span, of_resource, of_event):
    span = a_span(name, of_span)
    put(span.events.add(name=name).attributes, of_event)
    request = a_request(span, resource=of_resource)
    process_spans(request, [MASK], lambda _spans: None)
    assert SECRET.encode() not in request.SerializeToString()
    assert attributes_of(spans_of(request)[0]).keys() == of_span.keys()


@given(texts, objects, objects, trees)
def test_nothing_blocked_is_left_in_a_call(name, of_call, inputs, output):
    left = call_after(a_call(of_call, inputs, output, op_name=name or "x"), MASK)
    assert SECRET not in repr(left)
    assert orjson.loads(left.start.inputs).keys() == inputs.keys()


@given(attributes, objects)
def test_without_permission_no_attribute_is_left(of_span, inputs):
    request = a_request(a_span(attributes=of_span), resource=of_span, scope=of_span)
    process_spans(request, [CLOSED], lambda _spans: None)
    (resource,) = request.resource_spans
    for message in (spans_of(request)[0], resource.resource, resource.scope_spans[0].scope):
        assert attributes_of(message).keys() <= {"a"}
    left = call_after(a_call(inputs, inputs, "x"), CLOSED)
    assert orjson.loads(left.start.inputs).keys() <= {"a"}
