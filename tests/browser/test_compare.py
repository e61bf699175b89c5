"""Two calls side by side, with what differs marked."""

from __future__ import annotations

import pytest

from tests.browser.spans import a_span, json_of, send, span_id, text

PROJECT = "compare/two"
A, B = span_id(701).hex(), span_id(702).hex()


@pytest.fixture(scope="module")
def pair(bridge):
    """Two calls of one op that differ in a word, a parameter, tokens and time."""
    for number, (word, tokens, lasts) in enumerate((("red", 10, 1), ("blue", 25, 2)), start=701):
        span = a_span(
            "chat gpt-4.1", trace=700, number=number, lasts=lasts,
            gen_ai__operation__name="chat", gen_ai__provider__name="openai", gen_ai__request__model="gpt-4.1",
            gen_ai__request__temperature=0.2 if word == "red" else 0.9,
            gen_ai__usage__input_tokens=100, gen_ai__usage__output_tokens=tokens,
            gen_ai__input__messages=json_of([text("user", f"Say that the sky is {word} today.")]),
            gen_ai__output__messages=json_of([text("assistant", "Fine.")]),
        )  # fmt: skip
        send(bridge, [span], project=PROJECT)
    return bridge


def differing(page, section: str) -> list[str]:
    return page.texts(f"[data-sides='{section}'] .differs .side-path")


def test_differences_are_marked_word_by_word_and_in_figures(page, pair):
    page.open(f"#/compare/{A}/{B}?project={PROJECT}")
    assert page.texts("[data-sides='Messages'] mark") == ["red", "blue"]
    assert differing(page, "Messages") == ["user"]
    assert "model_parameters.temperature" in differing(page, "Attributes")
    figures = {row.text.split("\n")[0]: row.text for row in page.css(".figures .differs")}
    assert set(figures) == {"Latency", "Output tokens", "Cost"}
    assert "+15, +150 %" in figures["Output tokens"]


def test_what_is_the_same_is_shown_on_request(page, pair):
    page.open(f"#/compare/{A}/{B}?project={PROJECT}")
    assert "assistant" not in page.texts("[data-sides='Messages'] .side-path")
    page.click(".compare-all input")
    page.wait(lambda: "assistant" in page.texts("[data-sides='Messages'] .side-path"), "all messages")
    assert "rows=all" in page.hash


def test_a_call_leads_to_a_comparison(page, pair):
    page.open(f"#/compare/{A}?project={PROJECT}")
    page.click(f".offers [data-id='{B}'] a")
    page.wait(lambda: page.css(".figures"), "both calls")
    assert page.texts(".side-names .mono") == [A, B]


def test_an_unknown_call_is_named(page, pair):
    page.open(f"#/compare/{A}/{'0' * 15}1?project={PROJECT}")
    assert "0000000000000001" in page.one("main").text
