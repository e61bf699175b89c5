"""Questions that are refused: by the schema, by their values, or because the answer is not built yet."""

from __future__ import annotations

import pytest

from otel_bridge.model.query import CallsFilter
from tests.contract.api.bodies import PROJECT


def asking(operand, other=None):
    return {"query": {"$expr": {"$eq": [operand, other or {"$literal": 1}]}}}


def nested(depth):
    expression = {"$literal": True}
    for _ in range(depth):
        expression = {"$not": [expression]}
    return expression


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
        ({"query": {"$expr": {"$literal": True}}}, ["query", "$expr"]),
        ({"query": {"$expr": {"$nor": []}}}, ["query", "$expr"]),
        ({"query": {"$expr": {"$and": [], "$or": []}}}, ["query", "$expr"]),
        ({"query": {"$expr": {"$not": []}}}, ["query", "$expr", "NotOperation", "$not", 0]),
        (
            {"query": {"$expr": {"$and": [{"$eq": [{"$literal": 1}, 5]}]}}},
            ["query", "$expr", "AndOperation", "$and", 0, "EqOperation", "$eq", 1],
        ),
        (
            asking({"$convert": {"input": {"$literal": 1}, "to": "date"}}),
            ["query", "$expr", "EqOperation", "$eq", 0, "ConvertOperation", "$convert", "to"],
        ),
        (
            {"query": {"$expr": {"$contains": {"input": {"$literal": 1}}}}},
            ["query", "$expr", "ContainsOperation", "$contains", "substr"],
        ),
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


async def test_a_count_is_refused_like_a_list(api):
    reply = await api.post("/calls/query_stats", {"project_id": PROJECT, **asking({"$getField": "nope"})})

    assert (reply.status, reply.json) == (422, {"reason": "Field nope is not allowed"})


async def test_expressions_within_the_limits_are_fine(api):
    deep = {"query": {"$expr": nested(64)}}
    wide = {"query": {"$expr": {"$in": [{"$getField": "id"}, [{"$literal": f"x{n}"} for n in range(4900)]]}}}
    for members in (deep, wide):
        assert (await api.post("/calls/stream_query", {"project_id": PROJECT, **members})).status == 200
