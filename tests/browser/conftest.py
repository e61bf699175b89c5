"""Fixtures of the browser tests: one browser a session, a real bridge, a page that must stay without errors."""

from __future__ import annotations

import pytest

from tests.browser import browser as browsers
from tests.e2e.process import running


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """The browser of the session; without one every test that needs it is skipped by name."""
    if lacking := browsers.missing():
        pytest.skip(lacking)
    with browsers.chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def bridge(tmp_path_factory, chromium):
    """A bridge that the tests of one module share."""
    with running(tmp_path_factory.mktemp("page") / "data") as process:
        yield process


@pytest.fixture
def page(chromium, bridge):
    """A fresh look at the bridge's page, which must end without an error in the console."""
    page = browsers.Page(chromium, bridge.api)
    page.reset()
    page.errors(), page.requests()
    page.said.clear(), page.asked.clear()
    yield page
    assert page.errors() == []
