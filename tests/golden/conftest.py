"""Golden files: `pytest tests/golden --rewrite-golden` writes them anew; read the diff afterwards."""

from __future__ import annotations

import pytest


def pytest_addoption(parser):
    parser.addoption("--rewrite-golden", action="store_true", help="write tests/golden/calls anew")


@pytest.fixture
def rewrite_golden(request) -> bool:
    return request.config.getoption("--rewrite-golden", default=False)  # unknown when all of tests/ runs
