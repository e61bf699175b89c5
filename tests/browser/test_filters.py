"""Filters narrow the list, are in the address, and say themselves as the API takes them."""

from __future__ import annotations

import json

import pytest

from tests.e2e import client

pytestmark = pytest.mark.usefixtures("shop")
LIST = "#/traces?project=shop/day"


def total(page) -> int | None:
    """How many the list says there are; None until it knows."""
    words = "".join(page.texts(".list-title")).replace(",", "").split()
    return int(words[0]) if words and words[0].isdigit() else None


def counted(bridge, **question) -> int:
    return client.post(bridge.api, "/calls/query_stats", {"project_id": "shop/day", **question})["count"]


def test_a_filter_narrows_and_its_link_restores_it_in_another_tab(page, shop):
    page.open(LIST)
    everything = counted(shop, filter={"trace_roots_only": True})
    page.wait(lambda: total(page) == everything, "all traces are counted")
    status = {"$eq": [{"$getField": "summary.weave.status"}, {"$literal": "error"}]}
    failed = counted(shop, filter={"trace_roots_only": True}, query={"$expr": status})
    assert failed < everything
    page.choose("Status", "error")
    page.wait(lambda: total(page) == failed, "only failed traces")
    link, first = page.driver.current_url, page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    try:
        page.driver.get(link)
        page.ready("traces")
        page.wait(lambda: total(page) == failed, "the link restores the filter")
        assert set(page.texts(".rows .row-link")) == {"POST /v1/orders"}
    finally:
        page.driver.close()
        page.driver.switch_to.window(first)
    page.driver.back()
    page.wait(lambda: total(page) == everything, "the back button takes it away")
    assert "status" not in page.hash


def test_a_text_search_finds_what_was_said(page, shop):
    page.open(LIST)
    page.type(page.named("Search text"), "Rue du Rhône", enter=True)
    page.wait(lambda: "text=" in page.hash and page.css(".rows [data-id]"), "calls with the text")
    assert set(page.texts(".rows .row-link")) <= {"invoke_agent support", "chat gpt-4.1", "chat gpt-4.1-mini"}


def test_the_expression_that_is_shown_asks_the_api_for_what_is_listed(page, shop):
    page.open(LIST + "&status=error&op=POST&show=calls&expr=1")
    asked = json.loads(page.one(".expression pre").text)
    assert "$expr" in asked["query"]
    lines = client.post(shop.api, "/calls/stream_query", asked)
    assert [line["id"] for line in lines] == page.ids(".rows [data-id]")


def test_filters_that_match_nothing_say_so_and_can_be_cleared(page, shop):
    page.open(LIST + "&op=no+such+name")
    page.click(page.wait(lambda: page.named("Clear the filters")))
    page.wait(lambda: page.css(".rows [data-id]"), "all rows again")
    assert "op=" not in page.hash
