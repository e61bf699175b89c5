"""What docs/sidecar.md says: its file starts a bridge, and its table has every key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from otel_bridge.config import BridgeConfig
from otel_bridge.config_file.reading import read_config
from otel_bridge.config_file.schema import TYPES, Strict
from otel_bridge.profiles import checked, with_profile

PAGE = (Path(__file__).parents[2] / "docs" / "sidecar.md").read_text()


def test_the_configuration_file_of_the_page_is_one(tmp_path):
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "key").write_text("the-key")
    file = tmp_path / "bridge.yaml"
    file.write_text(text.replace("/run/secrets/wandb_api_key", str(tmp_path / "key")))
    environ = {"WANDB_ENTITY": "team", "WANDB_PROJECT": "shop"}
    config = checked(BridgeConfig(**with_profile(read_config(str(file), environ), environ)))
    assert (config.profile, config.default_project) == ("sidecar", "team/shop")
    assert config.upstreams[0].endpoint == "https://trace.wandb.ai"


def keys(model: type[Strict]) -> set[str]:
    """Every key of a component, at any depth."""
    found = set()
    for name, field in model.model_fields.items():
        found.add(name)
        for inner in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, Strict):
                found |= keys(inner)
    return found


@pytest.mark.parametrize("model", [one for kind in TYPES.values() for one in kind.values()])
def test_every_key_of_a_component_is_on_the_page(model):
    named = set(re.findall(r"`([a-z_]+)`", PAGE)) | {"sizer", "order"}  # of one value each
    assert keys(model) - named == set()
