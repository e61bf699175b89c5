"""Dark and light, laptop and phone: readable, nothing cut off, nothing for axe-core to complain about."""

from __future__ import annotations

import pytest

from tests.browser import browser as browsers
from tests.browser.browser import LAPTOP, PHONE
from tests.e2e import client

PROJECT = "shop/day"
SCORE = "runnable.quality|output.score"
SMALL = (320, 640)


@pytest.fixture(scope="module")
def addresses(shop):
    """An address of every view, with something in it."""
    ask = {
        "project_id": PROJECT,
        "sort_by": [{"field": "started_at", "direction": "desc"}],
        "columns": ["thread_id"],
    }
    talks = client.post(
        shop.api, "/calls/stream_query", ask | {"filter": {"op_names": ["chat gpt-4.1"]}, "limit": 2}
    )
    failed = {"$expr": {"$eq": [{"$getField": "summary.weave.status"}, {"$literal": "error"}]}}
    (error,) = client.post(shop.api, "/calls/stream_query", ask | {"query": failed, "limit": 1})
    (thread,) = client.post(shop.api, "/threads/stream_query", {"project_id": PROJECT, "limit": 1})
    a, b = talks
    return {
        "traces": f"#/traces?project={PROJECT}",
        "expression": f"#/traces?project={PROJECT}&show=calls&status=error&expr=1",
        "nothing": "#/traces?project=looks/nothing",
        "trace": f"#/trace/{a['trace_id']}?project={PROJECT}&call={a['id']}",
        "error": f"#/trace/{error['trace_id']}?project={PROJECT}&call={error['id']}",
        "threads": f"#/threads?project={PROJECT}",
        "thread": f"#/threads/{thread['thread_id']}?project={PROJECT}",
        "charts": f"#/charts?project={PROJECT}&split=op",
        "scores": f"#/traces?project={PROJECT}&scores={SCORE}~runnable.b|output&sort=-{SCORE}",
        "scoring": f"#/scoring?project={PROJECT}",
        "compare": f"#/compare/{a['id']}/{b['id']}?project={PROJECT}",
        "pick": f"#/compare/{a['id']}?project={PROJECT}",
    }


VIEWS = ("traces", "trace", "threads", "thread", "charts", "scoring", "compare")
STATES = ("expression", "nothing", "error", "pick", "scores")
"""Other looks of these views, for the long run."""


@pytest.fixture(scope="module")
def still(chromium, shop):
    """One look at the page for all views: it is loaded once."""
    page = browsers.Page(chromium, shop.api)
    page.begin()
    page.cdp("Page.setBypassCSP", enabled=True)  # axe-core is no part of the page
    page.prefer(prefers_reduced_motion="reduce")
    page.open(f"#/traces?project={PROJECT}")
    yield page
    page.cdp("Page.setBypassCSP", enabled=False)


@pytest.mark.parametrize("view", [*VIEWS, *(pytest.param(one, marks=pytest.mark.long) for one in STATES)])
def test_nobody_is_shut_out_and_nothing_is_wider_than_the_screen(still, addresses, view):
    still.resize(LAPTOP)
    still.prefer(prefers_color_scheme="light", prefers_reduced_motion="reduce")
    still.follow("#/none")
    still.wait(lambda: "no such view" in still.one("main").text, "the view before is gone")
    still.follow(addresses[view])
    still.ready(addresses[view].removeprefix("#/").split("/")[0].split("?")[0])
    still.settled()
    assert still.violations() == []
    still.prefer(prefers_color_scheme="dark", prefers_reduced_motion="reduce")
    assert still.violations("color-contrast") == []
    assert still.overflow() <= 0
    for size in (PHONE, SMALL):
        still.resize(size, mobile=True)
        assert still.overflow() <= 0
    assert still.errors() == []


def background(page) -> int:
    """How light the page is, 0 to 765."""
    script = "return getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).slice(0, 3)"
    return sum(map(int, page.run(script)))


def test_the_theme_follows_the_system_until_a_person_chooses(page, addresses):
    page.prefer(prefers_color_scheme="dark")
    page.open(addresses["traces"])
    assert background(page) < 200
    page.click(page.named("Use light colours"))
    page.wait(lambda: background(page) > 600, "light by choice")
    page.open(addresses["traces"])
    assert background(page) > 600


def test_times_are_local_with_utc_on_hover(page, addresses):
    page.cdp("Emulation.setTimezoneOverride", timezoneId="Asia/Kathmandu")
    try:
        page.open(addresses["traces"])
        shown = page.one(".rows time")
        local, utc = shown.text.split()[-1], shown.get_attribute("title")
        assert utc.endswith("UTC")
        minutes = [int(part) for part in (local.split(":")[1], utc.split()[1].split(":")[1])]
        assert (minutes[0] - minutes[1]) % 60 == 45
    finally:
        page.cdp("Emulation.setTimezoneOverride", timezoneId="")


def test_reduced_motion_is_respected(page, addresses):
    page.prefer(prefers_reduced_motion="reduce")
    page.open(addresses["trace"])
    moving = "return document.getAnimations().filter(a => a.effect.getComputedTiming().duration > 1).length"
    assert page.run(moving) == 0
