"""docs/scoring.md: what it shows can be configured, and does what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from otel_bridge.scorer.catalogue import registered
from otel_bridge.scorer.kinds import OfField
from otel_bridge.scorer.rules.opening import MODELS, open_rule
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


RULES = PAGE.read_text().partition("\n## Rules\n")[2].partition("\n## Python scorers\n")[0]
BLOCKS = re.findall(r"^```(yaml|json)\n(.*?)^```$", RULES, re.DOTALL | re.MULTILINE)
CALL = json.loads(BLOCKS[0][1])
EXAMPLES = [
    pytest.param(said, json.loads(result), id=heading)
    for heading, (_, said), (_, result) in zip(
        re.findall(r"^### `(\w+)`$", RULES, re.MULTILINE), BLOCKS[1::2], BLOCKS[2::2], strict=True
    )
]


@pytest.mark.parametrize(("said", "result"), EXAMPLES)
def test_every_rule_that_is_shown_gives_the_result_that_is_shown(said, result, request):
    settings = ScoringSettings.model_validate(yaml.safe_load(said)["scoring"])
    (name,) = settings.scorers
    spec = registered(settings)[name]
    assert spec.kind == request.node.callspec.id
    assert open_rule(spec.kind, spec.settings).judge(CALL) == result


@pytest.mark.parametrize("kind", MODELS)
def test_every_setting_of_every_rule_is_told(kind):
    section = RULES.partition(f"### `{kind}`")[2].partition("\n### ")[0]
    own = set(MODELS[kind].model_fields) - {*OfField.model_fields, "type"}
    assert [name for name in sorted(own) if f"`{name.removesuffix('_')}`" not in section] == []
