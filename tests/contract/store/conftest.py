from __future__ import annotations

import pytest

from tests.contract.store.records import Store


@pytest.fixture(params=["sqlite", "memory"])
def store(request, tmp_path):
    opened = Store(request.param, tmp_path / "calls.db")
    yield opened
    opened.close()
