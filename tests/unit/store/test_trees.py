"""The looks into trees, the packing of ids, and other small functions of the store."""

from __future__ import annotations

import pytest

from otel_bridge.model.query import CallsQuery, SortBy
from otel_bridge.query.ordering import id_key
from otel_bridge.store.asked import order, run_ids
from otel_bridge.store.sqlite.conditions import _after
from otel_bridge.store.sqlite.ids import pack, unpack
from otel_bridge.store.sqlite.queries import QUERIES
from otel_bridge.store.trees import Flag, clean_summary, flags, refs


@pytest.mark.parametrize(
    ("summary", "clean"),
    [
        (b"{}", b"{}"),
        (b'{"usage":{"m":{"requests":1}}}', b'{"usage":{"m":{"requests":1}}}'),
        (b'{"weave":{"status":"x"},"a":1}', b'{"a":1}'),
        (b'{"weave":{"own":1,"latency_ms":3},"a":1}', b'{"a":1,"weave":{"own":1}}'),
        (b'{"weave":null}', b"{}"),
        (b'{"a":1,"weave":{"status":"success","latency_ms":3,"trace_name":"x"}}', b'{"a":1}'),
        (b'{"a":1,"weave":{"status":"running","display_name":"x"}}', b'{"a":1}'),
        (b'{"a":1,"weave":{"status":"success","trace_name":"\\"}}"}}', b'{"a":1}'),
        (b'{"a":1,"weave":{"status":"success","trace_name":"x","own":2}}', b'{"a":1,"weave":{"own":2}}'),
        (
            b'{"a":{"b":1,"weave":{"status":"x","trace_name":"x"}}}',
            b'{"a":{"b":1,"weave":{"status":"x","trace_name":"x"}}}',
        ),
        (b'{"a":"\\"weave\\""}', b'{"a":"\\"weave\\""}'),
        (b'{"a":{"weave":1}}', b'{"a":{"weave":1}}'),
    ],
)
def test_a_summary_is_cleaned_once(summary, clean):
    assert clean_summary(summary) == clean
    assert clean_summary(clean) == clean


@pytest.mark.parametrize(
    ("attributes", "summary", "exception", "expected"),
    [
        (b"{}", None, None, 0),
        (b'{"otel_span":1}', None, None, Flag.OWN_SPAN),
        (b'{"a":{"otel_span":1}}', None, None, 0),
        (None, b'{"weave":{"own":1}}', None, Flag.OWN_WEAVE),
        (None, b'{"a":{"weave":1}}', None, 0),
        (None, b'{"status_counts":{"error":2}}', None, Flag.CHILD_ERRORS),
        (None, b'{"status_counts":{"error":"2"}}', None, 0),
        (None, b'{"status_counts":{"success":1,"error":0}}', None, 0),
        (None, b'{"status_counts":{"error":0.5}}', None, Flag.CHILD_ERRORS),
        (None, b'{"status_counts":{"error":0,"success":1}}', None, 0),
        (None, b'{"x":{"status_counts":{"error":0}},"status_counts":{"error":1}}', None, Flag.CHILD_ERRORS),
        (None, b'{"x":{"status_counts":{"error":3}}}', None, 0),
        (None, b'{"status_counts":{"error":3,"more":{"error":0}}}', None, Flag.CHILD_ERRORS),
        (None, b'{"status_counts":[1]}', None, 0),
        (b"{}", b"{}", "boom", Flag.FAILED | Flag.HAS_EXCEPTION),
        (b"{}", b"{}", "", Flag.HAS_EXCEPTION),
        (
            b'{"otel_span":1}',
            b'{"status_counts":{"error":1},"weave":{"x":1}}',
            "e",
            Flag.OWN_SPAN | Flag.CHILD_ERRORS | Flag.OWN_WEAVE | Flag.FAILED | Flag.HAS_EXCEPTION,
        ),
    ],
)
def test_flags_say_what_the_trees_hold(attributes, summary, exception, expected):
    assert flags(attributes=attributes, summary=summary, exception=exception) == expected


@pytest.mark.parametrize(
    ("tree", "found"),
    [
        (None, set()),
        (b"{}", set()),
        (b'"weave:///a/b/object/x:1"', {"weave:///a/b/object/x:1"}),
        (b'{"a":[{"b":"weave:///a/b/op/x:1"}],"c":"weave:///a/b/op/x:1"}', {"weave:///a/b/op/x:1"}),
        (b'{"weave:///key":1}', set()),
        (b'{"a":"see weave:///a/b/op/x:1"}', set()),
    ],
)
def test_refs_are_whole_strings_at_any_depth_and_never_keys(tree, found):
    assert refs(tree) == found


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("00000000000000ff", b"\0\0\0\0\0\0\0\xff"),
        ("0" * 31 + "1", b"\0" * 15 + b"\1"),
        ("00000000000000FF", "00000000000000FF"),
        ("0190f5a0-0000-7000-8000-000000000001", "0190f5a0-0000-7000-8000-000000000001"),
        ("00 00 00 00 00 0", "00 00 00 00 00 0"),
        ("zzzzzzzzzzzzzzzz", "zzzzzzzzzzzzzzzz"),
        ("é" * 16, "é" * 16),
        ("", ""),
        (None, None),
    ],
)
def test_ids_of_hex_digits_are_packed_and_come_back(value, stored):
    assert pack(value) == stored
    assert unpack(stored) == value


def test_the_order_of_ids_is_that_of_their_packed_form():
    names = ["00000000000000ff", "0" * 32, "f" * 16, "zz", "00000000000000FF", ""]
    packed = sorted(names, key=lambda name: (isinstance(pack(name), bytes), pack(name).__class__, pack(name)))
    assert sorted(names, key=id_key) == packed


@pytest.mark.parametrize(
    ("prefix", "above"),
    [
        ("abc:", "abc;"),
        ("a\U0010ffff:", "a\U0010ffff;"),
        ("a\ud7ff", "a\ue000"),
        ("a\U0010ffff", "b"),
        ("\U0010ffff", None),
    ],
)
def test_what_starts_with_a_prefix_lies_below_the_next_text(prefix, above):
    assert _after(prefix) == above


def test_a_run_has_a_bare_and_a_full_name():
    assert run_ids("a/b", ["r", "a/b/s", "x/y/z"]) == ["a/b/r", "a/b/s", "r", "s", "x/y/z"]


@pytest.mark.parametrize(
    ("keys", "total"),
    [
        (None, [("started_at", "asc"), ("id", "asc")]),
        ([("started_at", "desc")], [("started_at", "desc"), ("id", "desc")]),
        (
            [("started_at", "asc"), ("op_name", "asc")],
            [("started_at", "asc"), ("op_name", "asc"), ("id", "desc")],
        ),
        ([("op_name", "asc")], [("op_name", "asc"), ("id", "desc")]),
        ([("id", "asc"), ("op_name", "asc")], [("id", "asc")]),
        ([("deleted_at", "asc")], [("id", "desc")]),
        ([("op_name", "asc"), ("op_name", "desc")], [("op_name", "asc"), ("id", "desc")]),
    ],
)
def test_a_last_key_makes_every_order_total(keys, total):
    sort_by = None if keys is None else tuple(SortBy(*key) for key in keys)
    found = order(CallsQuery(project_id="a/b", sort_by=sort_by))
    assert [(key.field, key.direction) for key in found] == total


def test_every_statement_has_a_name_and_no_comment():
    assert len(QUERIES) > 30
    assert all(sql and "--" not in sql for sql in QUERIES.values())
