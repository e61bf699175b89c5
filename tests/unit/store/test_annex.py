"""Digests as the SDK computes them, refs, versions and what an expression names outright."""

from __future__ import annotations

import json

import pytest

from otel_bridge.model import query as q
from otel_bridge.model.annex import Feedback, Version
from otel_bridge.query.annex_fields import feedback_field, price_field, row_field
from otel_bridge.query.fields import UnknownField
from otel_bridge.query.refs import Ref, parsed
from otel_bridge.store.annex.digests import (
    bytes_digest,
    internal,
    internal_project_id,
    table_digest,
    value_digest,
)
from otel_bridge.store.annex.narrow import named_texts
from otel_bridge.store.annex.refs import call_of
from otel_bridge.store.annex.threads import percentile
from otel_bridge.store.annex.versions import chosen, latest


def internal_ref(project: str, rest: str) -> str:
    return f"weave-trace-internal:///{internal_project_id(project)}/{rest}"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({}, "{}"),
        ({"b": 1, "a": [1.0, None, True, "é"]}, '{"a": [1.0, null, true, "\\u00e9"], "b": 1}'),
        ("text", '"text"'),
        (1e22, "1e+22"),
        ([], "[]"),
        ({"r": "weave:///e/p/object/x:1"}, json.dumps({"r": internal_ref("e/p", "object/x:1")})),
    ],
)
def test_a_value_is_hashed_as_sorted_json_with_internal_refs(value, written):
    assert value_digest(value) == bytes_digest(written.encode())


def test_digests_are_sha_256_in_letters_and_digits():
    assert bytes_digest(b"{}") == "RBNvo1WzZ4oRRq0W9XhknpT7T8If536DEMBg9hyqY4o"
    assert table_digest([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("value", "mapped"),
    [
        ("weave:///e/p/op/f:1", internal_ref("e/p", "op/f:1")),
        ("weave:///other/place/call/1/attr/x", internal_ref("other/place", "call/1/attr/x")),
        ("see weave:///e/p/op/f:1", "see weave:///e/p/op/f:1"),
        ("weave:///e/p", "weave:///e/p"),
        ({"weave:///e/p/op/f:1": 1}, {"weave:///e/p/op/f:1": 1}),
        (["weave:///e/p/op/f:1", 5], [internal_ref("e/p", "op/f:1"), 5]),
        ('["weave:///e/p/op/f:1"]', json.dumps([internal_ref("e/p", "op/f:1")])),
        ('{"a":"weave:///x"}', '{"a":"weave:///x"}'),
        (json.dumps(['["weave:///e/p/op/f:1"]']), json.dumps([json.dumps([internal_ref("e/p", "op/f:1")])])),
    ],
)
def test_refs_are_internal_as_whole_texts_and_inside_json_texts(value, mapped):
    assert internal(value) == mapped


def test_json_texts_nested_without_end_are_left_as_they_are():
    deep = "[" * 1000 + '"weave:///e/p/op/f:1"' + "]" * 1000
    assert internal(deep) == deep
    text = '"weave:///e/p/op/f:1"'
    for _ in range(12):
        text = json.dumps(text)
    assert isinstance(internal(text), str)


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("weave:///e/p/object/n:d", Ref("e/p", "object", "n", "d")),
        ("weave:///e/p/op/n:v1/attr/a%2Fb", Ref("e/p", "op", "n", "v1", (("attr", "a/b"),))),
        ("weave:///e/p/call/1", Ref("e/p", "call", "1", "")),
        ("weave:///e/p/table/d", Ref("e/p", "table", "d", "")),
        ("weave:///e/p/object/n", None),
        ("weave:///e/p/object/n:", None),
        ("weave:///e/p/call/1:2", None),
        ("weave:///e/p/object/n:d/attr", None),
        ("weave:///e/p/object/", None),
        ("weave:////p/object/n:d", None),
        ("weave://e/p/object/n:d", None),
        ("", None),
    ],
)
def test_refs_are_taken_apart(text, ref):
    assert parsed(text) == ref


@pytest.mark.parametrize(
    ("ref", "call"),
    [
        ("weave:///e/p/call/1", "1"),
        ("weave:///e/p/call/1/attr/x", "1"),
        ("weave:///e/p/call/", None),
        ("weave:///e/other/call/1", None),
        ("weave:///e/p/object/n:d", None),
        ("1", None),
    ],
)
def test_feedback_knows_the_call_of_its_project_that_it_is_about(ref, call):
    row = Feedback(project_id="e/p", id="1", weave_ref=ref, feedback_type="x", members=b"{}")
    assert call_of(row) == call


def version(number: int, *, created: int = 0, gone: int | None = None) -> Version:
    return Version(
        project_id="e/p",
        object_id="x",
        digest=f"d{number}",
        is_op=False,
        number=number,
        created_at=created or number,
        deleted_at=gone,
    )


def test_the_latest_version_is_the_newest_that_is_not_deleted():
    assert latest([version(0), version(1), version(2, gone=9)]).number == 1
    assert latest([version(0, created=5), version(1, created=5)]).number == 1
    assert latest([]) is latest([version(0, gone=1)]) is None


@pytest.mark.parametrize(
    ("asked", "number"),
    [("latest", 1), ("v0", 0), ("d2", 2), ("v2", 2), ("v9", None), ("v", None), ("x", None)],
)
def test_a_version_is_meant_by_latest_its_number_or_its_digest(asked, number):
    found = chosen([version(0), version(1), version(2, gone=9)], asked)
    assert (found and found.number) == number


def field(name: str) -> q.GetField:
    return q.GetField(feedback_field(name))


ID_A = q.Compare("eq", field("id"), q.Literal("a"))
ID_B = q.Compare("eq", field("id"), q.Literal("b"))
OTHER = q.Compare("eq", field("creator"), q.Literal("x"))


@pytest.mark.parametrize(
    ("expression", "texts"),
    [
        (None, None),
        (ID_A, ["a"]),
        (OTHER, None),
        (q.And((OTHER, ID_A)), ["a"]),
        (q.Or((ID_A, ID_B)), ["a", "b"]),
        (q.Or((ID_A, OTHER)), None),
        (q.Not(ID_A), None),
        (q.In(field("id"), (q.Literal("a"), q.Literal("b"))), ["a", "b"]),
        (q.In(field("id"), (q.Literal("a"), q.Literal(1))), None),
        (q.In(field("creator"), (q.Literal("a"),)), None),
        (q.Compare("gt", field("id"), q.Literal("a")), None),
        (q.Compare("eq", field("id"), q.Literal(1)), None),
    ],
)
def test_what_an_expression_says_of_a_column_outright_is_found(expression, texts):
    assert named_texts(expression, "id") == texts


@pytest.mark.parametrize("name", ["nothing", "inputs.x", "payload.", "payload..x", "id.x", ""])
def test_names_of_no_field_of_feedback_are_refused(name):
    with pytest.raises(UnknownField, match="not allowed"):
        feedback_field(name)


def test_fields_of_prices_and_rows_have_names_of_their_own():
    assert price_field("llm_id") == q.Column("llm_id")
    assert row_field("a.0.b").path == ("a", 0, "b")
    for name, read in (("payload", price_field), ("", row_field)):
        with pytest.raises(UnknownField):
            read(name)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, None),
        ([7], 99, 7),
        ([1, 2], 50, 1.5),
        ([1, 2, 4], 50, 2),
        ([1, 2, 4], 99, 3.96),
        ([1, 2], 100, 2),
    ],
)
def test_percentiles_interpolate(values, percent, expected):
    found = percentile(values, percent)
    assert found == expected if expected is None else found == pytest.approx(expected)
