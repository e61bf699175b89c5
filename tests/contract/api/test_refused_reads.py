"""Questions that are refused: by the schema, by their values, or because the answer is not built yet."""

from __future__ import annotations

import pytest

from otel_bridge.model.query import CallsFilter
from tests.contract.api.bodies import PROJECT, call_id


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"filter": {"op_name": ["x"]}}, ["filter", "op_name"]),
        ({"filter": {"op_names": [1]}}, ["filter", "op_names", 0]),
        ({"filter": {"trace_roots_only": "maybe"}}, ["filter", "trace_roots_only"]),
        ({"filter": []}, ["filter"]),
        ({"sort_by": [{"field": "id", "direction": "ASC"}]}, ["sort_by", 0, "direction"]),
        ({"sort_by": [{"field": "id", "direction": "asc", "nulls": 1}]}, ["sort_by", 0, "nulls"]),
        ({"sort_by": [{"field": "id"}]}, ["sort_by", 0, "direction"]),
        ({"query": {"$expr": {"$and": [{"$literal": True}]}, "x": 1}}, ["query", "x"]),
        ({"query": {}}, ["query", "$expr"]),
        ({"limit": "many"}, ["limit"]),
        ({"project_id": None}, ["project_id"]),
        ({"include_costs": "perhaps"}, ["include_costs"]),
    ],
)
async def test_a_query_that_breaks_the_schema(api, members, place):
    reply = await api.post("/calls/stream_query", {"project_id": PROJECT} | members)

    assert reply.status == 422
    assert reply.json["detail"][0]["loc"] == ["body", *place]


@pytest.mark.parametrize(
    ("members", "status", "reason"),
    [
        ({"limit": -1}, 400, "limit must not be negative"),
        ({"offset": -1}, 400, "offset must not be negative"),
        ({"sort_by": [{"field": "nope", "direction": "asc"}]}, 422, "Field nope is not allowed"),
        ({"sort_by": [{"field": "storage_size_bytes", "direction": "asc"}]}, 400, "sorting by storage"),
        ({"columns": ["nope.x"]}, 422, "Field nope.x is not allowed"),
        ({"query": {"$expr": {"$and": []}}}, 400, "$and must not be empty"),
        (
            {"sort_by": [{"field": "summary.weave.cost", "direction": "asc"}]},
            422,
            "Field summary.weave.cost is",
        ),
        ({"expand_columns": ["inputs.x"]}, 501, "expand_columns is not offered yet"),
        ({"include_costs": True}, 501, "include_costs is not offered yet"),
        ({"include_feedback": True}, 501, "include_feedback is not offered yet"),
        ({"include_storage_size": True}, 501, "include_storage_size is not offered yet"),
        ({"include_total_storage_size": True}, 501, "include_total_storage_size is not offered yet"),
    ],
)
@pytest.mark.parametrize("path", ["/calls/stream_query", "/calls/query"])
async def test_a_query_that_cannot_be_answered(api, path, members, status, reason):
    reply = await api.post(path, {"project_id": PROJECT} | members)

    assert reply.status == status
    assert reply.json["reason"].startswith(reason)


@pytest.mark.parametrize("name", sorted(set(CallsFilter.__struct_fields__) - {"trace_roots_only"}))
async def test_more_than_1000_entries(api, name):
    body = {"project_id": PROJECT, "filter": {name: ["x"] * 1001}}
    for path in ("/calls/stream_query", "/calls/query_stats"):
        reply = await api.post(path, body)
        assert (reply.status, reply.json) == (
            400,
            {"reason": f"filter.{name} holds more than 1000 entries"},
        )


@pytest.mark.parametrize("name", ["columns", "expand_columns", "sort_by"])
async def test_more_than_1000_entries_outside_the_filter(api, name):
    reply = await api.post("/calls/stream_query", {"project_id": PROJECT, name: [1] * 1001})

    assert (reply.status, reply.json) == (400, {"reason": f"{name} holds more than 1000 entries"})


async def test_1000_entries_are_fine(api):
    assert await api.ids(filter={"call_ids": ["x"] * 1000}) == []


@pytest.mark.parametrize("name", ["include_costs", "include_storage_size", "include_total_storage_size"])
async def test_one_call_with_extras(api, name):
    reply = await api.post("/call/read", {"project_id": PROJECT, "id": call_id(1), name: True})

    assert reply.status == 501


async def test_counts_with_sizes(api):
    body = {"project_id": PROJECT, "include_total_storage_size": True}

    assert (await api.post("/calls/query_stats", body)).status == 501
