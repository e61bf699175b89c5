"""Fixtures of the browser tests: one browser and one bridge a session; the page must stay without errors."""

from __future__ import annotations

import time

import pytest

from tests.browser import browser as browsers
from tests.browser import demo
from tests.browser.spans import send
from tests.e2e.process import running


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """The browser of the session; without one every test that needs it is skipped by name."""
    if lacking := browsers.missing(tmp_path_factory.mktemp("first")):
        pytest.skip(lacking)
    with browsers.chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="session")
def bridge(tmp_path_factory, chromium):
    """The bridge that most tests share, each with a project of its own."""
    with running(tmp_path_factory.mktemp("page") / "data", "--logs=on") as process:
        yield process


@pytest.fixture(scope="session")
def shop(bridge):
    """The bridge with a day of a shop in the project `shop/day`, which ends as the tests begin."""
    send(
        bridge, demo.a_day(time.time() - 5, traces=60), project="shop/day", resource={"service.name": "shop"}
    )
    return bridge


@pytest.fixture
def page(chromium, bridge):
    """A fresh look at the bridge's page, which must end without an error in the console."""
    page = browsers.Page(chromium, bridge.api)
    page.begin()
    yield page
    assert page.errors() == []
