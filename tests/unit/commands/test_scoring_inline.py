"""Scorers as people type them: `KIND:key=value,…`."""

from __future__ import annotations

import click
import pytest

from otel_bridge.commands.scoring_inline import is_inline, object_of
from otel_bridge.scorer.catalogue import CLASS


@pytest.mark.parametrize(
    ("text", "kind", "settings"),
    [
        ("valid_json:", "valid_json", {}),
        ("length:max=40", "length", {"max": 40}),
        ("length:min=1, max=4.5", "length", {"min": 1, "max": 4.5}),
        ("contains:texts=refund,ignore_case=true", "contains", {"texts": ["refund"], "ignore_case": True}),
        ('contains:texts=["a","b, c"],match=all', "contains", {"texts": ["a", "b, c"], "match": "all"}),
        ("regex:pattern=^a{1,3}(b,c)$,match=full", "regex", {"pattern": "^a{1,3}(b,c)$", "match": "full"}),
        ("regex:pattern=a=b", "regex", {"pattern": "a=b"}),
        ("exact_match:value=no thanks", "exact_match", {"value": "no thanks"}),
        ('exact_match:value="7"', "exact_match", {"value": "7"}),
        ("exact_match:value=7", "exact_match", {"value": 7}),
        (
            'json_schema:schema={"type":"object","required":["a","b"]}',
            "json_schema",
            {"schema": {"type": "object", "required": ["a", "b"]}},
        ),
    ],
)
def test_settings_are_read_as_json_where_they_are_json(text, kind, settings):
    found = object_of(text)

    assert (found["_type"], found["kind"], found["settings"]) == (CLASS, kind, settings)


def test_a_scorer_has_a_name_of_its_kind_and_settings_unless_it_is_given_one():
    one, same, other = (
        object_of(f"length:{text}")["name"] for text in ("max=4,min=1", "min=1,max=4", "max=5")
    )

    assert one == same != other
    assert one.startswith("length-")
    assert object_of("length:max=4,name=brief")["name"] == "brief"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lenght:max=4", "none of valid_json"),
        ("python:callable=os:getcwd", "'python' is none of"),
        ("length:max", "not key=value"),
        ("length:most=4", "most"),
        ("length:max=4,name=a b", "': name: 'a b' is no name"),
        ("regex:pattern=(a", "is no RE2 regular expression: missing "),
        ("regex:ignore_case=true", "pattern"),
        ("length:min=4,max=1", "greater"),
    ],
)
def test_a_mistake_is_told_with_what_was_typed(text, said):
    with pytest.raises(click.UsageError, match=said):
        object_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("valid_json", False), ("weave:///e/p/object/x:y", False), ("length:max=4", True), ("length:", True)],
)
def test_a_name_or_a_ref_describes_nothing(text, expected):
    assert is_inline(text) is expected
