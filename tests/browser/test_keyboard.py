"""Everything can be reached without a mouse."""

from __future__ import annotations

import re

import pytest
from selenium.webdriver import Keys

from tests.e2e import client
from tests.e2e.process import ROOT

pytestmark = pytest.mark.usefixtures("shop")
DOCS = (ROOT / "docs/page.md").read_text().partition("## Keys")[2].partition("\n## ")[0]
LIST = "#/traces?project=shop/day"


def focused(page) -> str:
    script = (
        "const e = document.activeElement; return [e.getAttribute('aria-label'), e.textContent.trim(), e.id]"
    )
    return next(filter(None, page.run(script)), "")


def test_from_the_list_to_a_call_and_back(page):
    page.open(LIST)
    page.press("j")
    page.wait(
        lambda: page.run("return document.activeElement.closest('[data-id]')?.dataset.id"),
        "a row has the focus",
    )
    page.press("j")
    page.wait(lambda: page.ids(".row-chosen") == page.ids(".rows [data-id]")[1:2], "the second row")
    page.press(Keys.ENTER)
    page.ready("trace")
    first = page.wait(lambda: page.ids(".tree-rows [aria-selected=true]"), "the root is chosen")
    page.press("j")
    page.wait(lambda: page.ids(".tree-rows [aria-selected=true]") not in (first, []), "the next call")
    page.press(Keys.ENTER)
    page.wait(
        lambda: page.run("return document.activeElement.closest('.call') !== null"), "the call has the focus"
    )
    page.press(Keys.ESCAPE)
    page.ready("traces")


def test_views_and_help_have_keys(page):
    page.open(LIST)
    for keys, view in (("gh", "threads"), ("gc", "charts"), ("gt", "traces")):
        page.press(*keys)
        page.ready(view)
    page.press("?")
    help_ = page.one("dialog[open]")
    assert "Next row" in help_.text
    page.press(Keys.ESCAPE)
    page.wait(lambda: not page.css("dialog[open]"), "the help is gone")


@pytest.fixture(scope="module")
def places(shop):
    """An address of each place that has keys of its own."""
    of = {"project_id": "shop/day", "limit": 1}
    (call,) = client.post(shop.api, "/calls/stream_query", of)
    (thread,) = client.post(shop.api, "/threads/stream_query", of)
    return {
        "list": "traces",
        "trace": f"trace/{call['trace_id']}",
        "threads": "threads",
        "thread": f"threads/{thread['thread_id']}",
        "charts": "charts",
    }


@pytest.mark.parametrize("place", ["list", "trace", "threads", "thread", "charts"])
def test_the_docs_list_the_keys_that_the_help_lists(page, places, place):
    page.open(f"#/{places[place]}?project=shop/day")
    page.wait(lambda: page.css("main h1"), "the view is there")
    page.press("?")
    page.one("dialog[open]")
    keys, does = page.texts("dialog .help-keys dt"), page.texts("dialog .help-keys dd")
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in DOCS.splitlines() if "|" in line
    ]
    written = {
        (re.sub(r"[` ]", "", keys), does) for where, keys, does in lines if where in {"everywhere", place}
    }
    assert {(key.replace(" ", ""), what) for key, what in zip(keys, does, strict=True)} == written


def test_the_search_takes_letters_that_are_keys_elsewhere(page):
    page.open(LIST)
    page.press("/")
    page.wait(lambda: focused(page) == "Search text", "the search has the focus")
    page.press("tgj?")
    assert page.one("#search").get_attribute("value") == "tgj?"
    assert not page.css("dialog[open]")
    page.press(Keys.ESCAPE)


@pytest.mark.parametrize("view", ["traces", "charts"])
def test_tab_visits_controls_that_all_have_names_and_a_visible_focus(page, view):
    page.open(f"#/{view}?project=shop/day")
    seen = []
    for _ in range(14):
        page.press(Keys.TAB)
        seen.append(focused(page))
        assert page.run("return document.activeElement.matches(':focus-visible')")
    assert all(seen)
    assert seen[0] == "Skip to content"
    assert len(set(seen)) > 8


def test_charts_zoom_by_keys(page):
    page.open("#/charts?project=shop/day")
    page.press("+")
    page.wait(lambda: "from=" in page.hash, "closer")
    page.press("0")
    page.wait(lambda: "from=" not in page.hash, "the last day")
