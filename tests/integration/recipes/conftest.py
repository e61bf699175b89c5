"""One model server for all recipes, and a folder that keeps what they install."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.ledger.model_server import model_server
from tests.integration.recipes.stage import Stage, Tills


@pytest.fixture(scope="session")
def stage(request):
    """Where recipes run."""
    tills = Tills()
    with model_server(tills) as (models, _):
        yield Stage(Path(request.config.cache.mkdir("recipes")), models, tills)
