"""What refs name, and what stands for projects inside them (weave-api.md §5.3, §6)."""

from __future__ import annotations

import pytest

from tests.contract.api.bodies import PROJECT

BASE = f"weave:///{PROJECT}"


@pytest.fixture
def api(either_api):
    return either_api


@pytest.fixture
async def refs(api) -> dict[str, str]:
    """A dataset over a table, an object that refers to it, and an op."""
    rows = [{"x": number, "list": ["a", {"b": number}]} for number in range(3)]
    table = (await api.post("/table/create", {"table": {"project_id": PROJECT, "rows": rows}})).json
    table_ref = f"{BASE}/table/{table['digest']}"
    row = f"{BASE}/object/data:v0/attr/rows/id/{table['row_digests'][1]}"
    made = {"table": table_ref, "row": row}
    for name, val in {
        "data": {"rows": table_ref, "a/b": {"c d": 5}},
        "user": {"data": f"{BASE}/object/data:latest", "itself": f"{BASE}/object/user:latest/attr/itself"},
        "op": {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}},
    }.items():
        obj = {"project_id": PROJECT, "object_id": name, "val": val}
        digest = (await api.post("/obj/create", {"obj": obj})).json["digest"]
        made[name] = f"{BASE}/{'op' if name == 'op' else 'object'}/{name}:{digest}"
    return made


async def values(api, *refs: str) -> list:
    reply = await api.post("/refs/read_batch", {"refs": refs})
    assert reply.status == 200, reply.body
    return reply.json["vals"]


async def test_values_come_in_the_order_of_their_refs(api, refs):
    op, data, again = await values(api, refs["op"], refs["data"], refs["data"])

    assert op["weave_type"] == {"type": "Op"}
    assert data == again
    assert data["rows"] == refs["table"]
    assert await values(api) == []


async def test_a_path_leads_into_a_value_and_through_the_refs_on_the_way(api, refs):
    data = refs["data"]
    assert await values(
        api,
        f"{data}/key/a%2Fb/key/c%20d",
        f"{data}/attr/rows",
        refs["row"],
        f"{refs['row']}/key/list/index/1/key/b",
        f"{refs['user']}/attr/data/attr/rows/id/{refs['row'].rpartition('/')[2]}/key/x",
        f"{refs['user']}/attr/data/attr/rows/index/2/key/x",
        f"{refs['user']}/attr/data",
    ) == [
        5,
        refs["table"],
        {"x": 1, "list": ["a", {"b": 1}]},
        1,
        1,
        2,
        f"{BASE}/object/data:latest",
    ]


async def test_a_whole_table_is_the_list_of_its_rows(api, refs):
    (rows,) = await values(api, refs["table"])
    assert [row["x"] for row in rows] == [0, 1, 2]


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "text",
        "weave:///",
        "weave:///acme/app/object/data",
        "weave:///acme/app/object/data:",
        "weave:///acme/app/object/data:unknown",
        "weave:///acme/app/op/data:latest",
        "weave:///acme/other/object/data:latest",
        "weave:///acme/app/object/data:latest/attr",
        "weave:///acme/app/object/data:latest/attr/nothing",
        "weave:///acme/app/object/data:latest/index/0",
        "weave:///acme/app/object/data:latest/attr/rows/id/unknown",
        "weave:///acme/app/object/data:latest/attr/rows/index/3",
        "weave:///acme/app/object/data:latest/attr/rows/index/-1",
        "weave:///acme/app/object/user:latest/attr/itself/attr/x",
        "weave:///acme/app/table/unknown",
        "weave:///acme/app/call/0000000000000001",
    ],
)
async def test_a_ref_that_names_nothing_is_null_and_costs_the_others_nothing(api, refs, ref):
    assert await values(api, ref, f"{refs['data']}/key/a%2Fb/key/c%20d") == [None, 5]


async def test_a_deleted_version_is_null(api, refs):
    await api.post("/obj/delete", {"project_id": PROJECT, "object_id": "data"})

    assert await values(api, refs["data"], f"{refs['user']}/attr/data/attr/rows") == [None, None]


async def test_too_many_refs_are_refused(api):
    assert (await api.post("/refs/read_batch", {"refs": ["x"] * 1001})).status == 422


async def test_projects_that_have_calls_are_listed_where_none_is_named(api):
    for project in ("b/2", "a/1"):
        start = {"project_id": project, "op_name": "op", "started_at": "2026-11-01T00:00:00Z"}
        body = {"start": start | {"inputs": {}, "attributes": {}}}
        assert (await api.post("/call/start", body)).status == 200
    await api.post("/obj/create", {"obj": {"project_id": "c/3", "object_id": "thing", "val": 1}})

    reply = await api.post("/service/projects_info", {})

    assert [entry["external_project_id"] for entry in reply.json] == ["a/1", "b/2"]


async def test_every_project_has_an_internal_id(api):
    reply = await api.post("/service/projects_info", {"project_ids": [PROJECT, "a/b"]})

    assert [entry["external_project_id"] for entry in reply.json] == [PROJECT, "a/b"]
    internal = [entry["internal_project_id"] for entry in reply.json]
    assert len(set(internal)) == 2
    assert not any("/" in one for one in internal)
