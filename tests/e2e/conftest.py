"""Fixtures of the end-to-end tests: a real process on free ports."""

from __future__ import annotations

import pytest

from tests.e2e.process import running


@pytest.fixture(scope="module")
def bridge_process(tmp_path_factory):
    """A bridge that the tests of one module share; each uses its own ids or project."""
    with running(tmp_path_factory.mktemp("bridge") / "data") as bridge:
        yield bridge


@pytest.fixture
def fresh_bridge(tmp_path):
    """A bridge with an empty store of its own."""
    with running(tmp_path / "data") as bridge:
        yield bridge
