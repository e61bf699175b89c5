"""The Collector of these tests: built once for this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.collector.build import built


@pytest.fixture(scope="session")
def program(request) -> Path:
    """The Collector; skipped where there is no Go to build it with, or in a quick run no time."""
    return built(quick=request.config.getoption("markexpr") == "not long")
