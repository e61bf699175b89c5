"""Scores on the page: in a call, as columns, order and filter of the list, and over time."""

from __future__ import annotations

import time

import pytest

from tests.browser.spans import a_span, send, span_id, trace_id
from tests.e2e import client

PROJECT = "scores/shown"
LIST = f"#/traces?project={PROJECT}"
SCORE = "runnable.quality|output.score"
PASSED = "runnable.quality|output.passed"
VALUES = [0.25, 0.9, None, 0.5]
"""What the scorer said of each call; nothing of one."""


def ref(number: int) -> str:
    return f"weave:///{PROJECT}/call/{span_id(number).hex()}"


def a_verdict(number: int, value: float) -> dict:
    return {
        "project_id": PROJECT,
        "weave_ref": ref(number),
        "feedback_type": "wandb.runnable.quality",
        "payload": {"output": {"score": value, "passed": value >= 0.5}},
        "runnable_ref": f"weave:///{PROJECT}/object/quality:abcdef0123",
        "call_ref": ref(750),
        "trigger_ref": f"weave:///{PROJECT}/object/nightly:fedcba9876",
    }


@pytest.fixture(scope="module")
def scored(bridge):
    """Four calls, three of them scored, and the run of a scorer."""
    now = time.time() - 60
    spans = [a_span(f"answer {n}", trace=710 + n, number=710 + n, at=now + n) for n in range(len(VALUES))]
    spans.append(a_span("quality.score", trace=750, number=750, at=now + 10))
    send(bridge, spans, project=PROJECT)
    batch = [a_verdict(710 + n, value) for n, value in enumerate(VALUES) if value is not None]
    client.post(bridge.api, "/feedback/batch/create", {"batch": batch})
    return bridge


def names(page) -> list[str]:
    return page.texts(".rows .row-link")


def test_a_score_is_a_column_on_demand(page, scored):
    page.open(LIST)
    page.click(page.named("Scores", ".list button"))
    page.click(page.named("quality score number", "label"))
    page.click(page.named("quality passed true or false", "label"))
    page.click(page.named("Close"))
    page.wait(lambda: f"scores={SCORE}~{PASSED}" in page.hash, "the columns are in the address")
    shown = ["", "", "0.5", "✓ true", "", "", "0.9", "✓ true", "0.25", "✗ false"]
    page.wait(lambda: page.texts(".rows-all .cell-score") == shown, "the newest first")


def test_a_click_sorts_by_a_score_and_those_without_one_come_last(page, scored):
    page.open(f"{LIST}&scores={SCORE}")
    page.click(page.named("quality score", ".row-head button"))
    page.wait(lambda: names(page)[:3] == ["answer 1", "answer 3", "answer 0"], "the highest first")
    assert page.css("[aria-sort='descending']")
    page.click(page.named("quality score ↓", ".row-head button"))
    page.wait(lambda: names(page)[:3] == ["answer 0", "answer 3", "answer 1"], "the lowest first")
    page.click(page.named("quality score ↑", ".row-head button"))
    page.wait(lambda: names(page)[1:2] == ["answer 3"], "the newest first again")


def test_calls_are_listed_by_what_a_scorer_said(page, scored):
    page.open(LIST)
    page.click(page.named("Scores", ".list button"))
    page.choose("Score", SCORE)
    page.choose("Comparison", "lt")
    page.type(page.named("Value", "dialog input"), "0.5")
    page.click(page.named("Filter", "dialog button"))
    page.wait(lambda: names(page) == ["answer 0"], "the calls below")
    page.open(f"{LIST}&score={PASSED}|eq|true")
    page.wait(lambda: names(page) == ["answer 3", "answer 1"], "the calls that passed")
    page.click(page.named("Clear"))
    page.wait(lambda: len(names(page)) == len(VALUES) + 1, "all calls")


def test_a_call_shows_verdicts_with_scorer_run_and_monitor(page, scored):
    page.open(f"#/trace/{trace_id(711).hex()}?project={PROJECT}&call={span_id(711).hex()}")
    row = page.one("[data-score='quality']")
    assert all(text in row.text for text in ("score: 0.9", "passed: true", "abcdef01", "nightly fedcba98"))
    page.click("[data-score='quality'] a")
    page.wait(lambda: span_id(750).hex() in page.hash, "the run of the scorer")
    page.ready("trace")


def test_scores_have_charts_with_averages_and_rates(page, scored):
    page.open(f"#/charts?project={PROJECT}")
    card = "[data-chart='score-wandb.runnable.quality-output.{}']"
    page.wait(lambda: page.css(card.format("score")), "the chart of a number")
    assert page.one(card.format("score") + " .card-total").text == "0.55 on average of 3"
    assert page.texts(card.format("score") + " .legend .num")[:3] == ["0.55", "0.5", "0.86"]
    assert page.one(card.format("passed") + " .card-total").text == "66.7 % true of 3"
    page.click(page.named("quality score as a table"))
    assert "0.55" in page.one(card.format("score") + " tbody").text


def test_a_project_without_scores_has_no_charts_of_them(page, bridge):
    send(bridge, [a_span("alone", trace=760, number=760, at=time.time() - 5)], project="scores/none")
    page.open("#/charts?project=scores/none")
    page.settled()
    assert not page.css(".scores-title")
    page.open("#/traces?project=scores/none")
    page.click(page.named("Scores", ".list button"))
    assert "No scorer has said anything" in page.one("dialog").text
