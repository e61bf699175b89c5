"""The Collector of these tests: built once for this machine, by a run that has time for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.collector.build import built


@pytest.fixture(scope="session")
def program(request) -> Path:
    """The Collector; skipped where it is not built and this run leaves long tests out."""
    return built(may_build="not long" not in request.config.option.markexpr)
