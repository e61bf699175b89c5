"""What docs/sidecar.md says: its file is a configuration."""

from __future__ import annotations

import re
from pathlib import Path

from otel_bridge.config_file.reading import Sources, load

PAGE = (Path(__file__).parents[2] / "docs" / "sidecar.md").read_text()


def test_the_configuration_file_of_the_page_is_one(tmp_path):
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "key").write_text("the-key")
    file = tmp_path / "bridge.yaml"
    file.write_text(text.replace("/run/secrets/wandb_api_key", str(tmp_path / "key")))
    environ = {"WANDB_ENTITY": "team", "WANDB_PROJECT": "shop"}
    config = load(Sources(files=(str(file),)), environ).config
    assert (config.profile, config.default_project) == ("sidecar", "team/shop")
    assert config.upstreams[0].endpoint == "https://trace.wandb.ai"
