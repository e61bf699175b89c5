from __future__ import annotations

import pytest

from tests.unit.scoring.double import Desk
from tests.unit.scoring.scripted import Script


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def desk():
    return Desk()
