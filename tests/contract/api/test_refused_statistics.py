"""Questions for statistics that are refused, and which member they name."""

from __future__ import annotations

import pytest

from otel_bridge.errors import InvalidRequest, QueryTimeout
from tests.contract.api.bodies import PROJECT

RANGE = {"start": "2026-03-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"}
SPEC = {"metric": "latency_ms"}


async def refusal(api, **members) -> dict:
    body = {
        name: value for name, value in ({"project_id": PROJECT} | RANGE | members).items() if value != "-"
    }
    reply = await api.post("/calls/stats", body)
    assert reply.status == 422, reply.body
    return reply.json["detail"][0]


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"project_id": "-"}, ["project_id"]),
        ({"start": "-"}, ["start"]),
        ({"start": "yesterday"}, ["start"]),
        ({"start": "0001-01-01T00:00:00Z"}, ["start"]),
        ({"granularity": 0}, ["granularity"]),
        ({"granularity": -5}, ["granularity"]),
        ({"granularity": 1e30}, ["granularity"]),
        ({"timezone": "Mars/Olympus"}, ["timezone"]),
        ({"timezone": ""}, ["timezone"]),
        ({"timezone": "America"}, ["timezone"]),
        ({"timezone": "../etc/passwd"}, ["timezone"]),
        ({"timezone": None}, ["timezone"]),
        ({"call_metrics": [SPEC | {"percentiles": [101]}]}, ["call_metrics", 0, "percentiles", 0]),
        ({"call_metrics": [SPEC | {"percentiles": [-1]}]}, ["call_metrics", 0, "percentiles", 0]),
        ({"call_metrics": [SPEC | {"aggregations": ["median"]}]}, ["call_metrics", 0, "aggregations", 0]),
        ({"call_metrics": [{"metric": "input_tokens"}]}, ["call_metrics", 0, "metric"]),
        ({"usage_metrics": [SPEC]}, ["usage_metrics", 0, "metric"]),
        ({"usage_metrics": [{"metric": "input_tokens", "by": "op"}]}, ["usage_metrics", 0, "by"]),
        ({"query": {"$expr": {}}}, ["query"]),
        ({"filter": {"op_name": []}}, ["filter", "op_name"]),
    ],
)
async def test_a_422_names_the_member(api, members, place):
    assert (await refusal(api, **members))["loc"] == ["body", *place]


async def test_an_end_before_the_start(api):
    found = await refusal(api, end="2026-02-28T00:00:00Z")
    assert found["msg"] == "Value error, end must be after start"
    assert (found["type"], found["loc"]) == ("value_error", ["body"])


async def test_a_range_of_more_than_31_days(api):
    found = await refusal(api, end="2026-04-01T00:00:01Z")
    assert (found["type"], found["loc"]) == ("value_error", ["body"])


async def test_31_days_are_fine(api):
    reply = await api.post("/calls/stats", {"project_id": PROJECT} | RANGE | {"end": "2026-04-01T00:00:00Z"})
    assert reply.status == 200


async def test_an_empty_range_is_an_empty_answer(api):
    body = {"project_id": PROJECT} | RANGE | {"end": RANGE["start"], "call_metrics": [SPEC]}
    assert (await api.post("/calls/stats", body)).json["call_buckets"] == []


async def test_too_many_columns(api):
    spec = SPEC | {"percentiles": [n / 10 for n in range(1001)]}
    reply = await api.post("/calls/stats", {"project_id": PROJECT} | RANGE | {"call_metrics": [spec]})
    assert reply.status == 400


@pytest.mark.parametrize(
    ("error", "status"), [(QueryTimeout("too slow"), 504), (InvalidRequest("too many values"), 400)]
)
async def test_what_the_store_cannot_answer_has_a_reason(api, error, status):
    async def fail(_query):
        raise error

    api.calls.answer = fail
    reply = await api.post("/calls/stats", {"project_id": PROJECT} | RANGE | {"call_metrics": [SPEC]})
    assert (reply.status, reply.json) == (status, {"reason": str(error)})
