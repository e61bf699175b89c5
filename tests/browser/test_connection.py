"""A bridge that goes away and comes back."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.browser import browser as browsers
from tests.browser.spans import a_span, send
from tests.e2e.process import START_SECONDS, start

PROJECT = "gone/back"


@pytest.fixture
def mortal(tmp_path, chromium):
    """A bridge of this test alone, and a way to start it again where it was."""
    living = [start(tmp_path / "data")]

    def again():
        address = urlsplit(living[-1].api).netloc
        living.append(start(tmp_path / "data", f"--api={address}"))
        return living[-1]

    yield living[0], again
    chromium.get("about:blank")  # it would go on asking
    for bridge in living:
        if bridge.process.poll() is None:
            bridge.process.terminate()
            bridge.process.wait(START_SECONDS)
        bridge.process.stdout.close()


def test_the_page_says_that_the_bridge_is_gone_and_goes_on_when_it_is_back(chromium, mortal):
    bridge, again = mortal
    page = browsers.Page(chromium, bridge.api)
    page.begin()
    send(bridge, [a_span("before", trace=1, number=1, at=1_790_000_000)], project=PROJECT)
    page.open(f"#/traces?project={PROJECT}")
    assert page.texts(".row-link") == ["before"]
    bridge.kill_tree()
    page.wait(lambda: page.css(".lost"), "it says that the bridge does not answer")
    assert page.texts(".row-link") == ["before"]
    back = again()
    send(back, [a_span("after", trace=2, number=2)], project=PROJECT)
    page.wait(lambda: page.texts(".row-link") == ["after", "before"], "it goes on by itself")
    page.wait(lambda: not page.css(".lost"), "and says nothing any more")
    assert [message for message in page.errors() if "net::ERR_" not in message] == []


@pytest.mark.long
def test_a_view_that_failed_while_the_bridge_was_gone_loads_when_it_is_back(chromium, mortal):
    bridge, again = mortal
    page = browsers.Page(chromium, bridge.api)
    page.begin()
    send(bridge, [a_span("kept", trace=3, number=3)], project=PROJECT)
    page.open(f"#/traces?project={PROJECT}")
    page.follow(f"#/threads?project={PROJECT}")
    page.ready("threads")
    bridge.kill_tree()
    page.follow(f"#/traces?project={PROJECT}")
    page.wait(lambda: page.css(".failure"), "it says what is wrong")
    assert "Is the bridge running?" in page.one(".failure").text
    again()
    page.wait(lambda: page.texts(".row-link") == ["kept"], "the list is there")
