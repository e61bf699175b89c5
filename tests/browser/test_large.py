"""A trace of 10,000 spans opens, scrolls and answers to the keyboard with few rows in the document."""

from __future__ import annotations

import pytest

from tests.browser.spans import send, span_id
from tests.browser.traces import ROOT, SPANS, address, large_trace

PROJECT = "large/trace"
LAST = span_id(ROOT + SPANS - 1).hex()
MOST_ROWS = 200
SCROLL = (
    "const tree = document.querySelector('.tree-scroll'); tree.scrollTop = tree.scrollHeight * arguments[0]"
)


@pytest.fixture(scope="module")
def large(bridge):
    """The bridge with the trace."""
    send(bridge, large_trace(), project=PROJECT)
    return bridge


def rows(page) -> list[str]:
    return page.ids(".tree-rows [data-id]")


def opened(page) -> None:
    page.open(address(PROJECT))
    page.wait(lambda: f"{SPANS:,}" in page.one(".facts").text, "every span is counted")


def test_ten_thousand_spans_scroll_with_few_rows_drawn(page, large):
    opened(page)
    assert 10 < len(rows(page)) < MOST_ROWS
    page.run(SCROLL, 0.5)
    page.wait(lambda: any("call 5" in text for text in page.texts(".tree-rows [role=row]")), "the middle")
    assert len(rows(page)) < MOST_ROWS
    page.run(SCROLL, 1)
    page.wait(lambda: LAST in rows(page), "the last row")
    assert len(rows(page)) < MOST_ROWS


def test_the_next_error_of_a_large_trace_is_one_key_away(page, large):
    opened(page)
    page.press("e")
    page.wait(
        lambda: LAST in rows(page) and f"call={LAST}" in page.hash, "the failed call is chosen and in sight"
    )
    page.wait(lambda: "the last one failed" in page.one(".call").text, "and open")
