"""The models of `/calls/stats` are those of the published schema."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic.json_schema import models_json_schema

from otel_bridge.api.statistics_schema import CallStatsReq, CallStatsRes
from tests.contract.api.openapi import SCHEMAS

_, DOCUMENT = models_json_schema(
    [(CallStatsReq, "validation"), (CallStatsRes, "validation")], ref_template="#/components/schemas/{model}"
)
NAMES = {"CallsFilterBody": "CallsFilter"}


def plain(schema: Any) -> Any:
    """Leave what says something: no titles, no null defaults, order of `required` and enums aside."""
    if isinstance(schema, list):
        return [plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: plain(value) for name, value in schema.items() if name not in {"title", "required"}}
    if kept.get("default", 0) is None:
        del kept["default"]
    if "$ref" in kept:
        name = kept["$ref"].rpartition("/")[2]
        kept["$ref"] = f"#/components/schemas/{NAMES.get(name, name)}"
    if required := schema.get("required"):
        kept["required"] = sorted(required)
    return kept


def undescribed(schema: dict) -> dict:
    """Drop the sentence about the whole schema: ours tells a reader of the code more."""
    return {name: value for name, value in plain(schema).items() if name != "description"}


@pytest.mark.parametrize(
    "name",
    ["CallStatsReq", "UsageMetricSpec", "CallMetricSpec", "AggregationType", "UsageBucket", "CallBucket"],
)
def test_a_model_is_the_published_one(name):
    assert undescribed(DOCUMENT["$defs"][name]) == undescribed(SCHEMAS[name])


def test_the_answer_is_the_published_one():
    assert undescribed(DOCUMENT["$defs"]["CallStatsRes"]) == undescribed(SCHEMAS["CallStatsRes"])
