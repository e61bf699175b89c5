"""Fixtures of the end-to-end tests: a real process on free ports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e import people, weave_sdk
from tests.e2e.process import running


@pytest.fixture(scope="module")
def bridge_process(tmp_path_factory):
    """A bridge that the tests of one module share; each uses its own ids or project."""
    with running(tmp_path_factory.mktemp("bridge") / "data") as bridge:
        yield bridge


@pytest.fixture(scope="session")
def sdk_python(request) -> Path:
    """A Python that has the Weave SDK."""
    return weave_sdk.installed(Path(request.config.cache.mkdir("weave-sdk")))


@pytest.fixture
def fresh_bridge(tmp_path):
    """A bridge with an empty store of its own."""
    with running(tmp_path / "data") as bridge:
        yield bridge


@pytest.fixture(scope="module")
def filled(bridge_process):
    """The bridge of the module, with what `people.fill` keeps in it."""
    people.fill(bridge_process)
    return bridge_process


@pytest.fixture(params=["directory", "url"])
def source(request, filled) -> list[str]:
    """The options that lead a command to the calls: through the directory, or the bridge."""
    if request.param == "url":
        return ["--url", filled.api]
    return ["--data-dir", str(filled.data_dir)]
