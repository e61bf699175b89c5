"""Results stay small and are there soon, however large or odd the call."""

from __future__ import annotations

import msgspec
import pytest

from otel_bridge.scorer.rules.opening import MODELS, open_rule
from tests.unit.scorer.rules import a_call

SETTINGS = {
    "json_schema": {"schema": {"additionalProperties": False, "items": {"type": "null"}}},
    "regex": {"pattern": "(?P<all>(?s).*)"},
    "contains": {"texts": ["x", "y"], "match": "all"},
    "exact_match": {"value": "x"},
    "fuzzy_match": {"value": "x"},
    "pii": {"fields": ["output", "inputs"]},
}
MOST_BYTES = 120_000


def deep(levels: int) -> dict:
    tree: object = "a@example.com"
    for _ in range(levels):
        tree = {"k" * 40: tree}
    return tree


LARGE = {
    "a long text": "x" * 5_000_000,
    "many addresses": ["ada@example.com"] * 20_000,
    "many keys": {f"key {number}": number for number in range(50_000)},
    "a long key": {"key" * 1_000_000: "ada@example.com"},
    "many levels": deep(900),
    "a long number": 10**4000,
}


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("output", LARGE.values(), ids=LARGE)
def test_a_result_does_not_grow_with_the_call(kind, output):
    result = open_rule(kind, SETTINGS.get(kind, {})).judge(a_call(output))
    assert len(msgspec.json.encode(result)) < MOST_BYTES
