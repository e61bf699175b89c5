"""Tokens that match the bill: real instrumentations, a model server that keeps its books, a real bridge."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, fields

import pytest

from tests.e2e import client
from tests.e2e.process import running
from tests.integration.ledger.book import Usage
from tests.integration.ledger.programs import BY_NAME, PROGRAMS
from tests.integration.ledger.stage import calls_of

KEYS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_creation_input_tokens",
    "reasoning": "reasoning_tokens",
}
"""How a stored call spells the figures of the bill."""

FAILING = [program for program in PROGRAMS if program.fails]
TELLING_ZERO = [program for program in FAILING if program.tells_zero]
REPEATING = [BY_NAME["agent_framework_agent"], BY_NAME["openinference_smolagents"]]
"""Their agent spans repeat exactly what the model spans below them told."""
SUMMING = [*REPEATING, BY_NAME["pydantic_ai_agent"]]
"""Their agent spans tell exactly the sums of the model spans below them, in any spelling."""


def each(programs):
    marks = {True: [pytest.mark.long], False: []}
    return pytest.mark.parametrize(
        "program", [pytest.param(one, id=one.name, marks=marks[one.long]) for one in programs]
    )


def usages(calls):
    """Every (model, usage) that stored calls tell."""
    return [pair for call in calls for pair in call["summary"].get("usage", {}).items()]


def figures(usage):
    return Usage(**{figure: usage.get(key) or 0 for figure, key in KEYS.items()})


def billed(run):
    """Every line of the bill, as far as the package tells it."""
    return Counter((entry.model, run.program.told(entry)) for entry in run.ledger.entries)


def totals(lines):
    """The sum of every figure, by model and over all."""
    sums = {}
    for (model, usage), count in lines.items():
        for name in (model, "in all"):
            sums.setdefault(name, Counter())
            for figure, tokens in zip(fields(Usage), astuple(usage), strict=True):
                sums[name][figure.name] += tokens * count
    return sums


def stored(calls):
    return Counter((model, figures(usage)) for model, usage in usages(calls) if figures(usage) != Usage())


@each(PROGRAMS)
def test_the_totals_of_the_stored_trace_are_those_of_the_bill(run):
    assert len(run.ledger.entries) == run.program.answers
    assert totals(stored(run.calls)) == totals(billed(run))


@each(PROGRAMS)
def test_each_line_of_the_bill_is_one_stored_call(run):
    assert stored(run.calls) == billed(run)


@each(PROGRAMS)
def test_only_calls_that_cost_something_tell_a_usage(run):
    telling = [call for call in run.calls if "usage" in call["summary"]]
    assert len(telling) == len(run.ledger.entries)


@each(PROGRAMS)
def test_a_total_is_what_went_in_and_what_came_out(run):
    assert [
        usage
        for _, usage in usages(run.calls)
        if usage["total_tokens"] != usage["input_tokens"] + usage.get("output_tokens", 0)
    ] == []


@each(FAILING)
def test_a_refused_call_is_stored_as_an_error_and_costs_nothing(run):
    refused = [call for call in run.calls if call["summary"]["weave"]["status"] == "error"]
    assert len(refused) == len(run.ledger.refused) > 0
    assert [call["summary"].get("usage") for call in refused] == [None] * len(refused)


@each(TELLING_ZERO)
def test_an_output_of_nothing_is_stored_as_0(run):
    silent = [usage for model, usage in usages(run.calls) if model.startswith("silent-")]
    assert [usage["output_tokens"] for usage in silent] == [0]


@each(SUMMING)
def test_what_a_wrapper_tells_of_its_calls_is_kept_beside_the_bill(run):
    told = [
        call["attributes"]["aggregated_usage"]
        for call in run.calls
        if call["attributes"].get("aggregated_usage")
    ]
    assert len(told) > 0
    sums = totals(Counter(("a wrapper", figures(usage)) for usage in told))
    assert sums["in all"] == totals(billed(run))["in all"]


def send(bridge, run):
    """Send what a program exported to a bridge; return what the bridge has stored of it then."""
    for body in run.exports:
        status, _ = client.call(f"{bridge.http}/v1/traces", body, Content_Type="application/x-protobuf")
        assert status == 200
    return stored(calls_of(bridge, run.program))


@each(PROGRAMS)
def test_a_trace_that_is_sent_again_costs_nothing_more(run, ledger_bridge):
    assert send(ledger_bridge, run) == billed(run)


@pytest.fixture(scope="module")
def keeping_bridge(tmp_path_factory):
    """A bridge that keeps the usage of wrappers."""
    with running(tmp_path_factory.mktemp("keeping") / "data", "--usage-on-wrappers=keep") as bridge:
        yield bridge


@each(REPEATING)
def test_a_wrapper_that_repeats_its_calls_counts_again_when_its_usage_is_kept(run, keeping_bridge):
    kept = totals(send(keeping_bridge, run))["in all"]
    assert kept == Counter({figure: 2 * tokens for figure, tokens in totals(billed(run))["in all"].items()})
