"""Asking for scores on the page: which calls, by which scorers, how it goes and what failed."""

from __future__ import annotations

import json
import time

import pytest

from tests.browser import browser as browsers
from tests.browser.spans import a_span, send, span_id, trace_id
from tests.e2e import client
from tests.e2e.process import running
from tests.faults.sidecar import sidecar

PROJECT = "scores/asked"
LIST = f"#/traces?project={PROJECT}"
SETTINGS = """
receivers:
  otlp:
    protocols: {http: {endpoint: "127.0.0.1:0"}, grpc: {endpoint: "127.0.0.1:0"}}
  weave_api:
    endpoint: "127.0.0.1:0"
    store: store
    scoring:
      scorers:
        polite: {type: contains, texts: [please, thank]}
        strict: {type: length, field: output.text, missing: error}
        not-there: {type: python, callable: "no_such_package:score"}
exporters:
  store: {}
service:
  pipelines:
    traces: {receivers: [otlp, weave_api], exporters: [store]}
"""


@pytest.fixture(scope="module")
def scoring(chromium, tmp_path_factory):
    """A bridge with scorers of its own, and three calls."""
    folder = tmp_path_factory.mktemp("scoring")
    (folder / "bridge.yaml").write_text(SETTINGS)
    with running(folder / "data", f"--config={folder / 'bridge.yaml'}") as bridge:
        now = time.time() - 60
        said = ["thank you", "no", "please"]
        spans = [
            a_span(f"answer {n}", trace=810 + n, number=810 + n, at=now + n, output__value=text)
            for n, text in enumerate(said)
        ]
        send(bridge, spans, project=PROJECT)
        yield bridge


@pytest.fixture
def look(chromium, scoring):
    page = browsers.Page(chromium, scoring.api)
    page.begin()
    yield page
    chromium.get("about:blank")
    assert page.errors() == []


def pick(page, name: str) -> None:
    """Choose a scorer of the dialog."""
    labels = page.wait(lambda: page.css("dialog .scorer"), "the scorers")
    page.click(next(label for label in labels if label.text.split()[0] == name))


def score(page) -> str:
    """Ask, wait until all is scored, and return what is said then."""
    page.click(page.named("Score", "dialog button"))
    page.wait(lambda: page.css("[data-over='true']"), "all is scored")
    return page.one("dialog [role='status']").text


def test_chosen_calls_of_the_list_are_scored(look):
    look.open(LIST)
    look.click(look.named("Score traces…"))
    look.click("[aria-label='Choose answer 2']")
    look.click("[aria-label='Choose answer 1']")
    look.click(look.named("2 chosen…"))
    pick(look, "polite")
    assert score(look) == "Ready: 2 scored"
    look.click(look.named("Close", "dialog .primary"))
    look.open(f"{LIST}&scores=runnable.polite|output.passed")
    shown = ["✓ true", "✗ false", ""]
    look.wait(lambda: look.texts(".rows-all .cell-score") == shown, "scores of two, and no run of a scorer")


def test_all_that_match_are_scored_and_the_view_of_scores_counts_them(look):
    look.open(f"{LIST}&op=answer")
    look.click(look.named("Score traces…"))
    look.click(look.named("All 3 traces…"))
    pick(look, "valid_json")
    assert score(look) == "Ready: 3 scored"
    look.click(look.named("How scoring goes", "dialog a"))
    look.ready("scoring")
    row = look.one("[data-scorer='valid_json']")
    assert row.text.split()[2:] == ["0", "0", "3", "0"]
    assert "polite" in look.one("main").text


def test_the_expression_asks_for_what_is_listed_in_its_order_and_for_no_runs(look, scoring):
    look.open(f"#/trace/{trace_id(811).hex()}?project={PROJECT}&call={span_id(811).hex()}")
    look.click(look.named("Score…"))
    pick(look, "polite")
    assert score(look) == "Ready: 1 scored"
    look.open(f"{LIST}&sort=runnable.polite|output.passed&expr=1")
    asked = json.loads(look.one(".expression pre").text)
    field = "feedback.[wandb.runnable.polite].payload.output.passed"
    assert asked["sort_by"] == [{"field": field, "direction": "asc"}]
    listed = [one["id"] for one in client.post(scoring.api, "/calls/stream_query", asked)]
    assert listed == look.ids(".rows [data-id]")
    assert len(listed) == 3


def test_a_failed_score_is_told_in_the_dialog_in_the_call_and_in_the_view(look):
    look.open(f"#/trace/{trace_id(810).hex()}?project={PROJECT}&call={span_id(810).hex()}")
    look.click(look.named("Score…"))
    pick(look, "strict")
    assert score(look) == "Ready: 0 scored, 1 failed"
    why = look.texts(".scoring-errors li bdi")[0]
    look.click(look.named("Close", "dialog .primary"))
    failed = look.wait(lambda: look.css("[data-score='strict']"), "the failed run")[0]
    assert why in failed.text
    look.click("[data-score='strict'] a")
    look.wait(lambda: "call=" in look.hash and span_id(810).hex() not in look.hash, "the run")
    assert why in look.one(".exception").text
    assert look.named(span_id(810).hex(), ".call-facts a")
    look.open(f"#/scoring?project={PROJECT}")
    assert why in look.one("[aria-labelledby='errors']").text


def test_scorers_that_cannot_be_used_say_why(look):
    look.open(f"#/trace/{trace_id(811).hex()}?project={PROJECT}&call={span_id(811).hex()}")
    look.click(look.named("Score…"))
    row = next(
        label
        for label in look.wait(lambda: look.css("dialog .scorer"), "the scorers")
        if label.text.startswith("not-there")
    )
    assert "no_such_package" in row.find_element("css selector", ".scorer-why").text
    assert look.run("return arguments[0].querySelector('input').disabled", row)


def test_a_sidecar_scores_what_its_upstream_keeps(chromium, scoring, tmp_path):
    with sidecar(tmp_path / "data", scoring.api, WANDB_ENTITY="scores", WANDB_PROJECT="asked") as beside:
        page = browsers.Page(chromium, beside.api)
        page.begin()
        page.open(f"#/scoring?project={PROJECT}")
        page.wait(lambda: "scored yet" in page.one("main").text or page.css("[data-scorer]"), "the counts")
        chromium.get("about:blank")
    assert page.errors() == []


def test_every_part_can_be_used_by_everybody(look):
    look.cdp("Page.setBypassCSP", enabled=True)
    try:
        look.open(LIST)
        look.click(look.named("Score traces…"))
        look.click("[aria-label='Choose answer 0']")
        assert look.violations() == []
        look.click(look.named("1 chosen…"))
        pick(look, "tokens")
        assert look.violations() == []
        look.prefer(prefers_color_scheme="dark")
        assert look.violations("color-contrast") == []
        score(look)
        assert look.violations() == []
        look.click(look.named("How scoring goes", "dialog a"))
        look.ready("scoring")
        look.settled()
        assert look.violations() == []
    finally:
        look.cdp("Page.setBypassCSP", enabled=False)
