"""Calls of senders with a wrong clock, where people look for them."""

from __future__ import annotations

import time

from tests.browser.spans import a_span, send

IN_2099 = 4_070_908_800
DAY = 86_400


def test_a_call_of_a_wrong_clock_is_on_top_when_it_comes_and_not_for_ever(page, bridge):
    project = "clocks/list"
    send(bridge, [a_span("from 2099", trace=1, number=1, at=IN_2099)], project=project)
    send(bridge, [a_span("never set", trace=2, number=2, at=5)], project=project)
    send(bridge, [a_span("three days late", trace=3, number=3, at=time.time() - 3 * DAY)], project=project)
    send(bridge, [a_span("right", trace=4, number=4)], project=project)
    page.open(f"#/traces?project={project}")
    names = ["right", "three days late", "never set", "from 2099"]
    page.wait(lambda: page.texts(".rows .row-link") == names, "the newest arrival is on top")
    assert page.texts(".rows .off-clock") == ["late", "clock not set", "clock ahead"]

    page.open(f"#/traces?project={project}&range=1h")
    page.wait(lambda: page.texts(".rows .row-link") == ["right", "never set", "from 2099"], "the last hour")
    send(bridge, [a_span("again 2099", trace=5, number=5, at=IN_2099)], project=project)
    page.wait(lambda: page.texts(".rows .row-link")[:1] == ["again 2099"], "what comes now comes by itself")
    page.click(".row-link")
    page.ready("trace")
    page.wait(lambda: "Arrived" in page.one(".call-facts").text, "when it arrived")
    assert "is off by" in page.one(".call-facts .off-clock").get_attribute("title")
