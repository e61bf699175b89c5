"""Values of OTLP/JSON: what is read, and what is refused by name (otlp-receiver.md §7)."""

from __future__ import annotations

import pytest

from tests.fixtures.otlp_json import IDS, an_attribute, body_of, refused


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ({"stringValue": "\u4e2d \U0001f333 \x00"}, "\u4e2d \U0001f333 \x00"),
        ({"boolValue": False}, False),
        ({"intValue": "-9223372036854775808"}, -(2**63)),
        ({"intValue": 9223372036854775807}, 2**63 - 1),
        ({"intValue": 9007199254740993}, 9007199254740993),
        ({"intValue": "1e3"}, 1000),
        ({"intValue": -1}, -1),
        ({"intValue": 1.5447e18}, 1544700000000000000),
        ({"intValue": "1.5447e18"}, 1544700000000000000),
        ({"doubleValue": 1}, 1.0),
        ({"doubleValue": "1.5"}, 1.5),
        ({"doubleValue": -0.0}, -0.0),
        ({"doubleValue": "NaN"}, "nan"),
        ({"doubleValue": "Infinity"}, "inf"),
        ({"doubleValue": "-Infinity"}, "-inf"),
        ({"bytesValue": "-_8="}, "+/8="),
        ({"bytesValue": "+/8"}, "+/8="),
        ({"bytesValue": ""}, ""),
        ({"arrayValue": {"values": [{"intValue": 1}, {}, None]}}, [1, None, None]),
        ({"arrayValue": {}}, []),
        (
            {"kvlistValue": {"values": [{"key": "a", "value": {"intValue": 1}}, {"key": "b"}]}},
            {"a": 1, "b": None},
        ),
        ({}, None),
        ({"stringValue": None}, None),
        (None, None),
        ({"stringValueStrindex": 3}, None),
        ({"new": 1}, None),
    ],
)
def test_a_value_is_read(sent, value):
    assert an_attribute(sent) == value


@pytest.mark.parametrize(
    ("member", "sent"),
    [
        ("startTimeUnixNano", -1),
        ("startTimeUnixNano", "-1"),
        ("startTimeUnixNano", "0x10"),
        ("startTimeUnixNano", 1.5),
        ("startTimeUnixNano", "1.5"),
        ("startTimeUnixNano", 18446744073709551616),
        ("startTimeUnixNano", "18446744073709551616"),
        ("startTimeUnixNano", True),
        ("startTimeUnixNano", ""),
        ("startTimeUnixNano", " 1"),
        ("startTimeUnixNano", "1_0"),
        ("startTimeUnixNano", "\u0663"),
        ("startTimeUnixNano", "1e999"),
        ("startTimeUnixNano", "9" * 5000),
        ("startTimeUnixNano", [1]),
        ("droppedEventsCount", 2**32),
        ("flags", -1),
        ("kind", "SPAN_KIND_NEW"),
        ("kind", "3"),
        ("kind", 2**31),
        ("kind", 1.5),
        ("name", 5),
        ("traceState", {}),
        ("attributes", {}),
        ("attributes", [5]),
        ("events", "x"),
        ("status", []),
        ("traceId", 5),
        ("status", {"code": "BAD"}),
        ("links", [{"flags": "x"}]),
    ],
)
def test_a_malformed_member_is_refused_and_named(member, sent):
    error = refused(body_of(IDS | {member: sent}))
    assert error.field is not None
    assert error.field.startswith(f"resourceSpans[0].scopeSpans[0].spans[0].{member}")
    assert error.field in str(error)


@pytest.mark.parametrize(
    "sent",
    [
        {"stringValue": 1},
        {"boolValue": "true"},
        {"boolValue": 1},
        {"intValue": "3.f14"},
        {"intValue": True},
        {"intValue": "9223372036854775808"},
        {"intValue": -9223372036854775809},
        {"intValue": None, "boolValue": 0},
        {"doubleValue": "x"},
        {"doubleValue": True},
        {"doubleValue": "1e999"},
        {"doubleValue": "nan"},
        {"bytesValue": "a"},
        {"bytesValue": "a b="},
        {"bytesValue": "\u00e9aaa"},
        {"bytesValue": 5},
        {"arrayValue": []},
        {"arrayValue": {"values": {}}},
        {"kvlistValue": {"values": [1]}},
        5,
        "text",
        [],
    ],
)
def test_a_malformed_value_is_refused_and_named(sent):
    error = refused(body_of(IDS | {"attributes": [{"key": "k", "value": sent}]}))
    assert error.field is not None
    assert error.field.startswith("resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"1234",
        b"null",
        b"[]",
        b'"x"',
        b"{",
        b"{}x",
        b'{"resourceSpans": NaN}',
        b'{"resourceSpans": {}}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        '{"resourceSpans": []}'.encode("utf-16"),
        b"[" * 5000,
    ],
)
def test_a_body_that_is_no_request_is_refused(body):
    assert str(refused(body))
