from __future__ import annotations

import pytest

from otel_bridge.scoring import lane, working
from tests.unit.scoring.double import Desk
from tests.unit.scoring.scripted import Script


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    """Waits are as long as the machine needs; none is part of what is tested here."""
    monkeypatch.setattr(working, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(working, "FULL_SECONDS", 0.05)
    monkeypatch.setattr(lane, "BRIDGE_SECONDS", 0.05)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def desk():
    return Desk()
