"""Whether a scorer can be used, and what of a call it reads."""

from __future__ import annotations

import sys

import pytest

from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.checking import check, needs_attributes, needs_costs
from otel_bridge.scorer.spec import Spec


def spec(kind: str, column_map=None, **settings) -> Spec:
    return Spec(name="s", kind=kind, settings=settings, origin="config", column_map=column_map)


def test_scorers_that_can_run_are_told_from_those_that_cannot(tmp_path):
    (tmp_path / "own_scorers.py").write_text("raise SystemExit('imported')")
    check(spec("regex", pattern="a+"))
    check(spec("llm_judge", model="m"))
    check(spec("python", callable="json:loads"))
    check(spec("python", callable="own_scorers:mine"), (tmp_path,))
    assert "own_scorers" not in sys.modules


@pytest.mark.parametrize(
    ("unusable", "why"),
    [
        (spec("regex", pattern="("), "the pattern '(' is no RE2 regular expression: missing )"),
        (spec("json_schema", schema={"type": 3}), "schema: "),
        (spec("contains"), "texts: a value is needed"),
        (spec("python", callable="own_scorers:mine"), "own_scorers is neither installed nor in a folder of"),
        (spec("python", callable="no.such.thing:mine"), "the Python package no is neither installed"),
    ],
    ids=lambda value: value.kind if isinstance(value, Spec) else None,
)
def test_a_scorer_that_cannot_run_says_why(unusable, why):
    with pytest.raises(Unusable) as caught:
        check(unusable)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("one", "costs", "attributes"),
    [
        (spec("cost"), True, False),
        (spec("length"), False, False),
        (spec("length", field="attributes.text"), False, True),
        (spec("exact_match", value_field="attributes.expected"), False, True),
        (spec("pii", fields=["output", "attributes"]), False, True),
        (spec("python", callable="a:b"), True, True),
        (spec("llm_judge", model="m"), False, False),
        (spec("llm_judge", {"expected": "attributes.expected"}, model="m"), False, True),
    ],
    ids=str,
)
def test_a_scorer_tells_what_of_a_call_it_reads(one, costs, attributes):
    assert (needs_costs(one), needs_attributes(one)) == (costs, attributes)
