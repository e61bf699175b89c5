import hashlib

import orjson
import pytest
from pydantic import ValidationError

from otel_bridge.condition.condition import BadCondition
from otel_bridge.patterns import BadPattern
from otel_bridge.processor.attributes import Attributes
from otel_bridge.processor.resource import Resource
from otel_bridge.processor.settings import AttributesSettings, ResourceSettings
from tests.fixtures.processing import (
    a_call,
    a_request,
    a_span,
    attributes_of,
    call_after,
    processed,
    the_attributes,
)

BEFORE = {"a": "one", "n": 7, "list": ["x", 1]}

EDITS = {
    "insert adds what is not there": (
        {"action": "insert", "key": "new", "value": [1, {"k": True}]},
        {**BEFORE, "new": [1, {"k": True}]},
    ),
    "insert leaves what is there": ({"action": "insert", "key": "a", "value": "two"}, BEFORE),
    "update changes what is there": ({"action": "update", "key": "a", "value": 2.5}, {**BEFORE, "a": 2.5}),
    "update adds nothing": ({"action": "update", "key": "new", "value": 1}, BEFORE),
    "upsert adds": ({"action": "upsert", "key": "new", "value": 1}, {**BEFORE, "new": 1}),
    "upsert changes": ({"action": "upsert", "key": "n", "value": False}, {**BEFORE, "n": False}),
    "a value may come from another attribute": (
        {"action": "upsert", "key": "copy", "from_attribute": "list"},
        {**BEFORE, "copy": ["x", 1]},
    ),
    "without that attribute nothing happens": (
        {"action": "upsert", "key": "a", "from_attribute": "nothing"},
        BEFORE,
    ),
    "delete by key": ({"action": "delete", "key": "a"}, {"n": 7, "list": ["x", 1]}),
    "delete of what is not there": ({"action": "delete", "key": "b"}, BEFORE),
    "delete by pattern": ({"action": "delete", "pattern": "^(a|n)$"}, {"list": ["x", 1]}),
    "hash": (
        {"action": "hash", "key": "a"},
        {**BEFORE, "a": hashlib.sha256(b"one").hexdigest()},
    ),
    "hash of a list is that of its JSON": (
        {"action": "hash", "pattern": "li"},
        {**BEFORE, "list": hashlib.sha256(b'["x",1]').hexdigest()},
    ),
    "extract": (
        {"action": "extract", "key": "a", "pattern": "^(?P<first>.)(?P<rest>.*)$"},
        {**BEFORE, "first": "o", "rest": "ne"},
    ),
    "extract from what does not match": (
        {"action": "extract", "key": "a", "pattern": "(?P<digits>[0-9]+)"},
        BEFORE,
    ),
    "extract from what is no text": ({"action": "extract", "key": "n", "pattern": "(?P<d>.)"}, BEFORE),
    "convert to a string": (
        {"action": "convert", "key": "n", "converted_type": "string"},
        {**BEFORE, "n": "7"},
    ),
    "what cannot be converted stays": (
        {"action": "convert", "key": "a", "converted_type": "int"},
        BEFORE,
    ),
}


@pytest.mark.parametrize(("action", "after"), EDITS.values(), ids=EDITS)
def test_an_action_edits_the_attributes_of_a_span(action, after):
    assert the_attributes(an_editor(action), BEFORE) == after


CONVERTED = [
    ("12", "int", 12),
    (12.9, "int", 12),
    ("9223372036854775808", "int", "9223372036854775808"),
    ("9" * 400, "int", "9" * 400),
    (1e300, "int", 1e300),
    ("x", "double", "x"),
    ("1e3", "double", 1000.0),
    ("nan", "double", "nan"),
    (True, "string", "true"),
    ([1], "string", "[1]"),
    ("TRUE", "bool", True),
    ("yes", "bool", "yes"),
    (0, "bool", False),
]


@pytest.mark.parametrize(("value", "kind", "after"), CONVERTED)
def test_values_are_converted(value, kind, after):
    editor = an_editor({"action": "convert", "key": "v", "converted_type": kind})
    found = the_attributes(editor, {"v": value})
    assert (found["v"], type(found["v"])) == (after, type(after))
    assert orjson.loads(call_after(a_call(attributes={"v": value}), editor).start.attributes) == found


def test_actions_work_one_after_the_other():
    editor = an_editor(
        {"action": "insert", "key": "user", "from_attribute": "enduser.id"},
        {"action": "hash", "key": "user"},
        {"action": "delete", "key": "enduser.id"},
    )
    assert the_attributes(editor, {"enduser.id": "ann"}) == {"user": hashlib.sha256(b"ann").hexdigest()}


def test_of_a_key_that_was_sent_twice_none_is_left_by_delete():
    span = a_span(attributes={"a": 1})
    span.attributes.add(key="a").value.int_value = 2
    (left,), _ = processed(a_request(span), an_editor({"action": "delete", "key": "a"}))
    assert not left.attributes


def test_where_says_which_spans_are_meant():
    editor = Attributes(
        "attributes",
        AttributesSettings(
            actions=[{"action": "upsert", "key": "team", "value": "search"}], where='name == "chat"'
        ),
    )
    spans, _ = processed(a_request(a_span("chat"), a_span("other", number=2)), editor)
    assert [attributes_of(span) for span in spans] == [{"team": "search"}, {}]


def test_a_call_of_the_api_is_edited_alike():
    editor = an_editor(
        {"action": "delete", "key": "weave.secret"},
        {"action": "insert", "key": "team", "value": "search"},
    )
    left = call_after(a_call(attributes={"weave": {"secret": 1, "other": 2}}), editor)
    assert orjson.loads(left.start.attributes) == {"weave": {"other": 2}, "team": "search"}


def test_a_dotted_member_of_a_call_is_found_before_a_way_into_the_tree():
    editor = an_editor({"action": "update", "key": "a.b", "value": 9})
    left = call_after(a_call(attributes={"a.b": 1, "a": {"b": 2}}), editor)
    assert orjson.loads(left.start.attributes) == {"a.b": 9, "a": {"b": 2}}


def test_a_call_that_nothing_changes_is_the_very_same():
    call = a_call(attributes={"a": 1})
    left = call_after(call, an_editor({"action": "delete", "key": "b"}))
    assert left.start is call.start
    assert left.end is call.end


def test_a_resource_is_edited_for_all_its_spans():
    editor = Resource(
        "resource",
        ResourceSettings(
            attributes=[
                {"action": "upsert", "key": "wandb.entity", "value": "acme"},
                {"action": "upsert", "key": "wandb.project", "from_attribute": "service.name"},
            ],
            where='attributes["service.name"] != nil',
        ),
    )
    request = a_request(a_span(), resource={"service.name": "shop"})
    processed(request, editor)
    found = attributes_of(request.resource_spans[0].resource)
    assert found == {"service.name": "shop", "wandb.entity": "acme", "wandb.project": "shop"}


INCOMPLETE = [
    ({"action": "insert", "key": "a"}, "insert needs value or from_attribute"),
    ({"action": "insert", "value": 1}, "insert needs value or from_attribute"),
    ({"action": "upsert", "key": "a", "value": 1, "from_attribute": "b"}, "upsert needs value or from"),
    ({"action": "delete"}, "delete needs key or pattern"),
    ({"action": "delete", "key": "a", "value": 1}, "delete does not take value"),
    ({"action": "extract", "key": "a"}, "extract needs key and pattern"),
    ({"action": "convert", "key": "a"}, "convert needs key and converted_type"),
    ({"action": "insert", "key": "a", "value": [1 << 64]}, "exceeds 64-bit range"),
]


@pytest.mark.parametrize(("action", "message"), INCOMPLETE)
def test_an_action_that_lacks_something_is_told(action, message):
    with pytest.raises(ValidationError, match=message):
        AttributesSettings(actions=[action])


def test_a_pattern_that_is_none_is_told():
    with pytest.raises(BadPattern, match="no RE2 regular expression"):
        an_editor({"action": "delete", "pattern": "("})
    with pytest.raises(ValueError, match="names no group"):
        an_editor({"action": "extract", "key": "a", "pattern": "x"})


def test_a_condition_that_is_none_is_told():
    with pytest.raises(BadCondition, match="did you mean name"):
        Attributes(
            "attributes", AttributesSettings(actions=[{"action": "delete", "key": "a"}], where='nane == "x"')
        )


def an_editor(*actions) -> Attributes:
    return Attributes("attributes", AttributesSettings(actions=list(actions)))
