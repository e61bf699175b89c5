"""Threads: all of them, and the turns of one in order."""

from __future__ import annotations

import pytest

from tests.browser.spans import a_span, json_of, send, text
from tests.e2e import client

PROJECT = "threads/talk"
TURNS = [
    ("Is it open on Sundays?", "Yes, until noon."),
    ("And on holidays?", "No."),
    ("Yes.", "Then see you!"),
]
START = 1_790_000_000


@pytest.fixture(scope="module")
def talked(bridge):
    """Two threads; every turn of the first sends the whole history, as most agents do."""
    history = []
    for number, (question, answer) in enumerate(TURNS):
        history.append(text("user", question))
        send(bridge, [turn(number, history, answer)], project=PROJECT)
        history.append(text("assistant", answer))
    send(bridge, [turn(9, [text("user", "Hello?")], "Hi.", thread="t-2")], project=PROJECT)
    return bridge


def turn(number, messages, answer, thread="t-1"):
    return a_span(
        "invoke_agent door", trace=500 + number, number=500 + number, at=START + 60 * number, lasts=2,
        gen_ai__operation__name="invoke_agent", gen_ai__conversation__id=thread,
        gen_ai__input__messages=json_of(messages),
        gen_ai__output__messages=json_of([text("assistant", answer)]),
    )  # fmt: skip


def test_the_list_of_threads_says_how_each_begins(page, talked):
    page.open(f"#/threads?project={PROJECT}")
    assert page.ids(".thread-row[data-id]") == ["t-2", "t-1"]
    assert page.texts(".thread-opening a") == ["Hello?", TURNS[0][0]]
    page.type(page.named("Find among these threads"), "sundays")
    page.wait(lambda: page.ids(".thread-row[data-id]") == ["t-1"], "only what was sought")
    page.click(".thread-opening a")
    page.wait(lambda: page.css(".turn"), "its turns")
    assert page.hash.startswith("/threads/t-1")


def test_the_turns_of_a_thread_are_in_order_and_say_each_thing_once(page, talked):
    page.open(f"#/threads/t-1?project={PROJECT}")
    page.wait(lambda: len(page.css(".turn")) == len(TURNS), "every turn")
    shown = [one.text for one in page.css(".turn [data-role]")]
    said = [words for pair in TURNS for words in pair]
    assert len(shown) == len(said)
    assert [words for text, words in zip(shown, said, strict=True) if words not in text] == []
    page.click(page.css(".turn-earlier")[-1])
    page.wait(
        lambda: len(page.css(".turn:last-child [data-role]")) == 2 * len(TURNS), "the history on request"
    )


def test_a_turn_that_is_spoken_while_one_looks_appears(page, talked):
    page.open(f"#/threads/live?project={PROJECT}")
    assert "No turns" in page.one("main").text
    send(talked, [turn(20, [text("user", "Anybody?")], "Yes.", thread="live")], project=PROJECT)
    page.wait(lambda: "Anybody?" in page.one(".turn").text, "the new turn")


def test_a_turn_leads_to_its_trace(page, talked):
    page.open(f"#/threads/t-2?project={PROJECT}")
    page.click(".turn-link")
    page.ready("trace")
    (call,) = client.post(
        talked.api, "/calls/stream_query", {"project_id": PROJECT, "filter": {"thread_ids": ["t-2"]}}
    )
    assert call["trace_id"] in page.hash
