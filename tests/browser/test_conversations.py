"""A call opens, and its conversation reads in order, whatever instrumentation recorded it."""

from __future__ import annotations

import pytest

from tests.browser import browser as browsers
from tests.browser.spans import PROTOBUF, post
from tests.browser.talks import SILENT, TALKS
from tests.e2e import client
from tests.fixtures.captures import CAPTURES, exports, log_exports


@pytest.fixture(scope="module")
def captured(bridge):
    """The bridge with every capture, each in a project of its own."""
    for name in CAPTURES:
        for path, requests in (("/v1/traces", exports(name)), ("/v1/logs", log_exports(name))):
            for request in requests:
                kind = "application/json" if request.encoding.value == "json" else PROTOBUF
                post(bridge, request.body, project=f"talk/{name}", path=path, kind=kind)
    return bridge


@pytest.fixture(scope="module")
def still(chromium, captured):
    """One look at the page for all captures: it is loaded once."""
    page = browsers.Page(chromium, captured.api)
    page.begin()
    page.open("#/traces?project=talk/none")
    return page


def opened(page, bridge, capture: str, op: str, which: int) -> None:
    """Open one call of a capture by its address."""
    ask = {"project_id": f"talk/{capture}", "filter": {"op_names": [op]}, "columns": ["id"]}
    call = client.post(bridge.api, "/calls/stream_query", ask)[which]
    page.follow(f"#/trace/{call['trace_id']}?call={call['id']}&project=talk/{capture}")
    page.wait(lambda: page.css(f".call[data-call='{call['id']}'] .section"), f"{op} is open")


def test_every_capture_is_looked_at():
    assert set(TALKS) | set(SILENT) == set(CAPTURES)


@pytest.mark.parametrize("capture", sorted(TALKS))
def test_a_conversation_reads_in_order(still, captured, capture):
    op, which, messages = TALKS[capture]
    opened(still, captured, capture, op, which)
    shown = [(one.get_attribute("data-role"), one.text) for one in still.css(".call [data-role]")]
    assert [role for role, _ in shown] == [role for role, _ in messages]
    assert [words for (_, text), (_, words) in zip(shown, messages, strict=True) if words not in text] == []
    assert still.errors() == []


@pytest.mark.parametrize("capture", sorted(SILENT))
def test_a_call_in_which_nothing_was_said_shows_what_it_has(still, captured, capture):
    opened(still, captured, capture, SILENT[capture], 0)
    assert [one.text for one in still.css(".call [data-role]") if "nothing recorded" not in one.text] == []
    assert "Attributes" in still.one(".call").text
    assert still.errors() == []


def test_an_image_that_came_as_data_is_shown(still, captured):
    opened(still, captured, "oi-openai", "ChatCompletion", 5)
    image = still.one(".call [data-role='user'] img")
    still.wait(lambda: still.run("return arguments[0].naturalWidth", image) > 0, "the image is decoded")
    assert still.errors() == []
