"""What all tests here share."""

from __future__ import annotations

import pytest
from blockbuster import blockbuster_ctx


@pytest.fixture(autouse=True)
def nothing_blocks():
    with blockbuster_ctx("otel_bridge.scoring"):
        yield
