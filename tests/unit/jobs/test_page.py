"""docs/scoring.md: its table of Kafka's keys is whole and right."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from otel_bridge.jobs.kafka.settings import KafkaSettings

PAGE = Path(__file__).parents[3] / "docs" / "scoring.md"
SECTION = PAGE.read_text().partition("\n## Kafka\n")[2].partition("\n## ")[0]
ROWS = {
    name: default.strip("`")
    for names, default in re.findall(r"^\| (`[^|]+`) \| ([^|]*?) *\|", SECTION, re.MULTILINE)
    for name, default in zip(
        re.findall(r"`(\w+)`", names), [part.strip() for part in default.split(",")], strict=False
    )
}
FIELDS = KafkaSettings.model_fields


def test_every_key_is_told_and_no_other():
    assert set(ROWS) == set(FIELDS)


@pytest.mark.parametrize("name", [name for name, default in ROWS.items() if default])
def test_a_default_is_what_it_says(name):
    default = FIELDS[name].default
    if isinstance(default, timedelta):
        assert ROWS[name] == f"{default.seconds}s"
    elif default is not None:
        assert ROWS[name] == (str(default).lower() if isinstance(default, bool) else str(default))
