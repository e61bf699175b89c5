"""The page of a sidecar, which keeps no calls: its upstream answers."""

from __future__ import annotations

from tests.browser import browser as browsers
from tests.browser.spans import a_span, send
from tests.faults.sidecar import sidecar

PROJECT = "through/sidecar"


def test_the_page_shows_what_came_through_a_sidecar(chromium, bridge, tmp_path):
    with sidecar(tmp_path / "data", bridge.api, WANDB_ENTITY="through", WANDB_PROJECT="sidecar") as beside:
        page = browsers.Page(chromium, beside.api)
        page.begin()
        page.open("#/traces")
        send(beside, [a_span("by a sidecar", trace=660, number=661)], project=PROJECT)
        page.wait(lambda: page.texts(".rows .row-link") == ["by a sidecar"], "the upstream's list")
        page.click(".row-link")
        page.ready("trace")
        page.wait(lambda: "by a sidecar" in page.one(".call").text, "the call")
        page.open("#/charts")
        chromium.get("about:blank")  # it would go on asking
    assert page.errors() == []
