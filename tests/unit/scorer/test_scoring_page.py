"""docs/scoring.md: what it shows can be configured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from otel_bridge.scorer.catalogue import registered
from otel_bridge.scorer.settings import ScoringSettings

PAGE = Path(__file__).parents[3] / "docs" / "scoring.md"
SHOWN = [
    block for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL) if "scoring:" in block
]


@pytest.mark.parametrize("block", SHOWN, ids=range(len(SHOWN)))
def test_every_configuration_that_is_shown_is_one(block):
    document = yaml.safe_load(block)
    scoring = document.get("scoring") or document["receivers"]["weave_api"]["scoring"]
    settings = ScoringSettings.model_validate(scoring)
    assert set(settings.scorers) <= set(registered(settings))


def test_the_page_shows_configurations():
    assert len(SHOWN) > 2
