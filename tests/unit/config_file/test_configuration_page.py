"""docs/configuration.md is made from the models and is current."""

from __future__ import annotations

from otel_bridge.config_file.registry import KINDS, TYPES
from tests.pages.configuration import PAGE, page


def test_the_page_is_current():
    assert PAGE.read_text() == page(), "run: python -m tests.pages.configuration"


def test_every_component_and_every_key_is_on_the_page():
    text = page()
    for kind in KINDS:
        for name, component in TYPES[kind].items():
            assert f"### `{name}`" in text
            section = text.split(f"### `{name}`")[1].split("\n#")[0]
            assert [key for key in component.model.model_fields if f"| `{key}" not in section] == []
