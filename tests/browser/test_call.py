"""The chosen call: what can be said about it, the request that reads it, the way to compare it."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.browser.spans import a_span, send, span_id, trace_id
from tests.e2e import client

PROJECT = "call/one"
REF = f"weave:///{PROJECT}/call/{span_id(601).hex()}"
CALL = f"#/trace/{trace_id(600).hex()}?project={PROJECT}&call={span_id(601).hex()}"


@pytest.fixture(scope="module")
def call(bridge):
    """A trace of a question whose model call has tokens."""
    usage = {"gen_ai__usage__input_tokens": 1000, "gen_ai__usage__output_tokens": 200}
    model = {"gen_ai__operation__name": "chat", "gen_ai__request__model": "gpt-4.1"}
    asked = a_span("ask", trace=600, number=601, input__value="Why?", output__value="Because.")
    chat = a_span("chat gpt-4.1", trace=600, number=602, parent=601, **model, **usage)
    send(bridge, [asked, chat], project=PROJECT)
    return bridge


def said(bridge) -> dict[str, dict]:
    """The payloads of the call's feedback, by type."""
    query = {"$expr": {"$eq": [{"$getField": "weave_ref"}, {"$literal": REF}]}}
    answer = client.post(bridge.api, "/feedback/query", {"project_id": PROJECT, "query": query})
    return {one["feedback_type"]: one["payload"] for one in answer["result"]}


def test_a_reaction_a_note_and_a_score_are_kept_as_feedback_and_can_be_removed(page, call):
    page.open(CALL)
    page.click(page.named("React with thumbs up"))
    page.wait(lambda: len(page.css(".feedback-entry")) == 1, "the reaction")
    page.type(page.named("Note"), "Too short 👀", enter=True)
    page.wait(lambda: len(page.css(".feedback-entry")) == 2, "the note")
    page.type(page.named("Name of the score"), "helpful")
    page.type(page.named("Value of the score"), "0.5", enter=True)
    page.wait(lambda: len(page.css(".feedback-entry")) == 3, "the score")
    kept = said(call)
    assert kept["wandb.reaction.1"]["emoji"] == "👍"
    assert kept["wandb.note.1"]["note"] == "Too short 👀"
    assert [one for one in kept.values() if 0.5 in one.values()]
    page.click(page.wait(lambda: page.css(".feedback-entry button"))[0])
    page.click(page.wait(lambda: page.css(".feedback-entry button[aria-label^='Really remove']"))[0])
    page.wait(lambda: len(said(call)) == 2, "it is gone")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_that_is_shown_reads_the_call(page, call):
    page.open(CALL)
    page.click(page.named("As a request"))
    command = page.wait(
        lambda: next((text for text in page.texts(".call pre") if text.startswith("curl")), None)
    )
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout)["call"]["id"] == span_id(601).hex()


def test_the_list_says_of_a_trace_what_all_its_calls_used(page, call):
    page.open(f"#/traces?project={PROJECT}")
    page.wait(lambda: page.texts(".rows .cell-tokens")[-1] == "1.2k", "tokens of the whole trace")
    assert page.texts(".rows .cell-cost")[-1].startswith("$0.00")


def test_a_call_leads_to_a_comparison(page, call):
    page.open(CALL)
    page.click("[data-compare]")
    page.ready("compare")
    assert span_id(601).hex() in page.hash
