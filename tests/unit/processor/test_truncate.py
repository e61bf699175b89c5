import orjson

from otel_bridge.processor.settings import TruncateSettings
from otel_bridge.processor.truncate import Truncate
from tests.fixtures.processing import (
    a_call,
    a_request,
    a_span,
    attributes_of,
    call_after,
    processed,
    put,
    the_attributes,
)

HUGE = "ä" * 1000
CUT = "ä" * 31 + "… [cut by otel-bridge: 2,000 bytes]"


def a_cutter(**settings) -> Truncate:
    return Truncate("truncate", TruncateSettings(**{"max_value_bytes": 100, **settings}))


def test_a_huge_text_is_cut_at_a_character_and_says_how_much_there_was():
    found = the_attributes(a_cutter(), {"input.value": HUGE, "short": "x" * 100})
    assert found == {"input.value": CUT, "short": "x" * 100, "otel_bridge.truncated": 1}
    assert len(found["input.value"].encode()) <= 100


def test_texts_inside_lists_and_maps_events_links_and_resources_are_cut_too():
    span = a_span(attributes={"messages": [{"content": HUGE}]})
    put(span.events.add(name="e").attributes, {"a": HUGE})
    put(span.links.add().attributes, {"a": HUGE})
    request = a_request(span, resource={"a": HUGE})
    (left,), _ = processed(request, a_cutter())
    found = attributes_of(left)
    assert found == {"messages": [{"content": CUT}], "otel_bridge.truncated": 3}
    assert attributes_of(left.events[0]) == attributes_of(left.links[0]) == {"a": CUT}
    assert attributes_of(request.resource_spans[0].resource) == {"a": CUT}


def test_only_named_keys_are_cut_where_keys_are_named():
    found = the_attributes(a_cutter(keys=["input.value"]), {"input.value": HUGE, "output.value": HUGE})
    assert found == {"input.value": CUT, "output.value": HUGE, "otel_bridge.truncated": 1}


def test_inputs_and_output_of_a_call_are_cut():
    left = call_after(a_call(inputs={"q": [HUGE]}, output={"a": HUGE}), a_cutter())
    assert orjson.loads(left.start.inputs) == {"q": [CUT]}
    assert orjson.loads(left.end.output) == {"a": CUT}
    assert orjson.loads(left.start.attributes) == {"otel_bridge.truncated": 2}


def test_a_call_that_is_small_stays_the_very_same():
    call = a_call(inputs={"q": "why"}, output="so")
    assert call_after(call, a_cutter()) == call
