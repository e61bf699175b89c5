"""What may be written below `scoring`, and what is said of mistakes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from otel_bridge.scorer.settings import ScoringSettings

ALL = {
    "lease": "30s",
    "limits": {"timeout": "2m", "per_minute": 30},
    "scorers": {
        "polite": {"type": "contains", "texts": "please"},
        "shape": {"type": "json_schema", "schema": {"type": "object"}},
        "quick": {"type": "latency", "max": "1500ms", "limits": {"timeout": "250ms"}},
        "null": {"type": "exact_match", "value": None},
        "mine": {"type": "python", "callable": "my.scorers:Mine.of", "stands_in_for": "Theirs"},
    },
    "monitors": {"all": {"scorers": ["polite"], "sampling_rate": 0.5}},
    "providers": {"p": {"base_url": "http://127.0.0.1:9/v1", "api_key": "k-1", "headers": {"x": "k-2"}}},
    "secrets": {"s": {"value": "k-3", "hosts": ["a.example"]}},
    "python_path": ["scorers"],
    "max_memory": "1GiB",
}


def test_settings_are_the_same_after_the_way_to_a_child_process():
    settings = ScoringSettings.model_validate(ALL)
    assert ScoringSettings.model_validate_json(settings.in_the_clear()) == settings


def test_secrets_are_shown_to_nobody_else():
    settings = ScoringSettings.model_validate(ALL)
    shown = f"{settings!r} {settings} {settings.model_dump_json()} {settings.model_dump(mode='json')}"
    assert "k-1" not in shown
    assert "k-2" not in shown
    assert "k-3" not in shown
    assert all(secret in settings.in_the_clear() for secret in ("k-1", "k-2", "k-3"))


@pytest.mark.parametrize(
    ("said", "place", "why"),
    [
        ({"scorers": {"a b": {"type": "length"}}}, "scorers", "'a b' is no name"),
        ({"scorers": {"a": {"type": "regex", "pattern": "("}}}, "scorers.a", "the pattern '(' is no RE2 reg"),
        ({"scorers": {"a": {"type": "json_schema", "schema": {"type": 3}}}}, "scorers.a", "schema: "),
        ({"scorers": {"a": {"type": "pii", "allow": "("}}}, "scorers.a", "the pattern '(' is no RE2 reg"),
        (
            {"scorers": {"a": {"type": "length", "field": "out"}}},
            "scorers.a.length.field",
            "no field of a call",
        ),
        (
            {"scorers": {"a": {"type": "length", "field": "output..x"}}},
            "scorers.a.length.field",
            "leads nowhere",
        ),
        ({"scorers": {"a": {"type": "length", "min": 2, "max": 1}}}, "scorers.a.length", "min is greater"),
        (
            {"scorers": {"a": {"type": "exact_match"}}},
            "scorers.a.exact_match",
            "one of value and value_field",
        ),
        (
            {"scorers": {"a": {"type": "fuzzy_match", "value": "x", "value_field": "inputs.y"}}},
            "scorers.a.fuzzy_match",
            "one of value and value_field",
        ),
        (
            {"scorers": {"a": {"type": "contains", "texts": []}}},
            "scorers.a.contains.texts",
            "at least 1 item",
        ),
        (
            {"scorers": {"a": {"type": "python", "callable": "x"}}},
            "scorers.a.python.callable",
            "package.module",
        ),
        ({"limits": {"timeout": "0s"}}, "limits.timeout", "at least 10ms"),
        ({"lease": "2h"}, "lease", "at most 1h"),
        ({"max_memory": "32MiB"}, "max_memory", "at least 256MiB"),
        (
            {
                "scorers": {
                    "a": {"type": "length", "stands_in_for": "T"},
                    "b": {"type": "length", "stands_in_for": ["S", "T"]},
                }
            },
            "",
            "a and b both stand in for T",
        ),
        (
            {"scorers": {"a": {"type": "length"}, "b": {"type": "length", "stands_in_for": "a"}}},
            "",
            "b stands in for a, and a is registered itself",
        ),
    ],
)
def test_a_mistake_is_told_at_its_place(said, place, why):
    with pytest.raises(ValidationError) as caught:
        ScoringSettings.model_validate(said)
    (error,) = caught.value.errors()
    assert ".".join(str(part) for part in error["loc"] if part != "[key]").removesuffix(".a b") == place
    assert why in error["msg"]


def test_reading_settings_imports_no_matcher_and_no_server():
    heavy = ("re2", "jsonschema_rs", "rapidfuzz", "stdnum", "aiohttp", "apsw")
    code = "import sys; from otel_bridge.scorer.settings import ScoringSettings; ScoringSettings(); "
    found = subprocess.run(
        [sys.executable, "-c", f"{code} print([name for name in {heavy} if name in sys.modules])"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert found.stdout.strip() == "[]"
