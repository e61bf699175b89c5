"""Stored objects over the API: versions, classes, digests and deletion (weave-api.md §5.3)."""

from __future__ import annotations

import pytest

from tests.contract.api.bodies import PROJECT

OP = {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}, "files": {"obj.py": "x"}}
DATASET = {"_type": "Dataset", "_class_name": "Dataset", "_bases": ["Object", "BaseModel"], "rows": "r"}
MODEL = {"_class_name": "Mine", "_bases": ["Model", "Object", "BaseModel"], "k": 1}


@pytest.fixture
def api(either_api):
    return either_api


async def publish(api, val, name: str = "thing", **members) -> str:
    obj = {"project_id": PROJECT, "object_id": name, "val": val} | members
    reply = await api.post("/obj/create", {"obj": obj})
    assert reply.status == 200, reply.body
    assert reply.json["object_id"] == name
    return reply.json["digest"]


async def read(api, digest: str = "latest", name: str = "thing", **members) -> dict:
    asked = {"project_id": PROJECT, "object_id": name, "digest": digest} | members
    reply = await api.post("/obj/read", asked)
    assert reply.status == 200, reply.body
    return reply.json["obj"]


async def listed(api, **members) -> list[dict]:
    reply = await api.post("/objs/query", {"project_id": PROJECT} | members)
    assert reply.status == 200, reply.body
    return reply.json["objs"]


async def names(api, **asked) -> list[str]:
    return [f"{one['object_id']}:v{one['version_index']}" for one in await listed(api, filter=asked)]


@pytest.mark.parametrize("val", [{"a": [1, 2.5, None, "é"]}, [1], "text", 5, None, True, {}])
async def test_a_value_comes_back_as_it_was_written(api, val):
    digest = await publish(api, val, wb_user_id="ann")

    one = await read(api, digest)
    assert one | {"created_at": None} == {
        "project_id": PROJECT,
        "object_id": "thing",
        "created_at": None,
        "deleted_at": None,
        "digest": digest,
        "version_index": 0,
        "is_latest": 1,
        "kind": "object",
        "base_object_class": None,
        "leaf_object_class": None,
        "val": val,
        "wb_user_id": "ann",
        "size_bytes": None,
        "tags": [],
        "aliases": [],
    }


async def test_versions_are_numbered_and_read_by_number_digest_and_latest(api):
    digests = [await publish(api, {"v": number}) for number in range(3)]

    for number, digest in enumerate(digests):
        for asked in (digest, f"v{number}"):
            one = await read(api, asked)
            assert (one["val"], one["version_index"], one["is_latest"]) == (
                {"v": number},
                number,
                int(number == 2),
            )
    assert (await read(api))["val"] == {"v": 2}


async def test_the_same_value_again_is_the_same_version(api):
    assert await publish(api, {"a": 1, "b": 2}) == await publish(api, {"b": 2, "a": 1})
    assert await names(api) == ["thing:v0"]


async def test_an_op_is_an_op_and_numbered_apart_from_an_object_of_its_name(api):
    await publish(api, {"a": 1})
    await publish(api, OP)

    assert [one["kind"] for one in await listed(api)] == ["object", "op"]
    assert [one["kind"] for one in await listed(api, filter={"is_op": True})] == ["op"]
    assert [one["version_index"] for one in await listed(api)] == [0, 0]
    assert [one["is_latest"] for one in await listed(api)] == [1, 1]


@pytest.mark.parametrize(
    ("val", "base", "leaf"),
    [
        (DATASET, "Dataset", "Dataset"),
        (MODEL, "Model", "Mine"),
        ({"_class_name": "X", "_bases": ["BaseModel"]}, None, None),
        ({"_class_name": "X", "_bases": ["Object", "Other"]}, None, None),
        ({"_bases": ["Object", "BaseModel"]}, None, None),
        ({"_class_name": "X", "_bases": ["A", "B", "Object", "BaseModel"]}, "B", "X"),
    ],
)
async def test_the_classes_of_a_value_are_read_from_it(api, val, base, leaf):
    await publish(api, val)

    one = await read(api)
    assert (one["base_object_class"], one["leaf_object_class"]) == (base, leaf)


async def test_a_class_that_is_asked_for_is_written_into_the_value(api):
    await publish(api, {"name": "board"}, builtin_object_class="Leaderboard")

    one = await read(api)
    assert one["val"] == {
        "_type": "Leaderboard",
        "name": "board",
        "_class_name": "Leaderboard",
        "_bases": ["BaseObject", "BaseModel"],
    }
    assert one["base_object_class"] == "Leaderboard"


async def test_lists_are_filtered(api):
    await publish(api, DATASET, "data")
    await publish(api, DATASET | {"rows": "s"}, "data")
    await publish(api, MODEL, "model")
    await publish(api, OP, "op")

    assert await names(api) == ["data:v0", "data:v1", "model:v0", "op:v0"]
    assert await names(api, object_ids=["data"]) == ["data:v0", "data:v1"]
    assert await names(api, object_ids=[]) == await names(api)
    assert await names(api, latest_only=True) == ["data:v1", "model:v0", "op:v0"]
    assert await names(api, base_object_classes=["Model", "X"]) == ["model:v0"]
    assert await names(api, exclude_base_object_classes=["Dataset"]) == ["model:v0", "op:v0"]
    assert await names(api, leaf_object_classes=["Mine"]) == ["model:v0"]
    assert await names(api, is_op=False, latest_only=True) == ["data:v1", "model:v0"]


async def test_lists_are_sorted_cut_and_without_values_if_asked(api):
    for name in ("b", "a", "c"):
        await publish(api, {"name": name}, name)

    by_name = [{"field": "object_id", "direction": "desc"}]
    found = await listed(api, sort_by=by_name, limit=2, offset=1, metadata_only=True)
    assert [(one["object_id"], one["val"]) for one in found] == [("b", {}), ("a", {})]
    sized = await listed(api, sort_by=by_name, include_storage_size=True)
    assert [one["size_bytes"] for one in sized] == [len('{"name":"c"}')] * 3
    assert (await read(api, name="a", metadata_only=True))["val"] == {}


async def test_deleted_versions_are_gone_and_say_when(api):
    first, second = await publish(api, {"v": 1}), await publish(api, {"v": 2})
    asked = {"project_id": PROJECT, "object_id": "thing"}

    reply = await api.post("/obj/delete", asked | {"digests": [second]})
    assert reply.json == {
        "num_deleted": 1,
        "deleted_versions": [{"digest": second, "base_object_class": None, "leaf_object_class": None}],
    }
    gone = await api.post("/obj/read", asked | {"digest": second})
    assert gone.status == 404
    assert gone.json["deleted_at"].endswith("Z")
    assert (await read(api))["digest"] == first
    assert await names(api) == ["thing:v0"]


@pytest.mark.parametrize("digests", [None, ["latest", "v0"], ["v0", "v1", "v1"]])
async def test_a_deletion_takes_all_versions_or_those_that_are_named(api, digests):
    await publish(api, {"v": 1})
    await publish(api, {"v": 2})

    asked = {"project_id": PROJECT, "object_id": "thing", "digests": digests}
    assert (await api.post("/obj/delete", asked)).json["num_deleted"] == 2
    assert await listed(api) == []
    assert (await api.post("/obj/delete", asked)).status == 404


async def test_a_version_that_is_published_again_after_its_deletion_is_a_new_one(api):
    digest = await publish(api, {"v": 1})
    await publish(api, {"v": 2})
    await api.post("/obj/delete", {"project_id": PROJECT, "object_id": "thing", "digests": [digest]})

    assert await publish(api, {"v": 1}) == digest
    one = await read(api)
    assert (one["digest"], one["version_index"], one["val"]) == (digest, 2, {"v": 1})


async def test_a_monitor_that_is_published_again_as_it_was_is_the_latest_again(api):
    classes = {"_type": "Monitor", "_class_name": "Monitor", "_bases": ["Object", "BaseModel"]}
    on, off = classes | {"active": True}, classes | {"active": False}
    digest = await publish(api, on)
    await publish(api, off)
    assert (await read(api))["val"]["active"] is False

    assert await publish(api, on) == digest
    one = await read(api)
    assert (one["digest"], one["version_index"], one["val"]) == (digest, 0, on)


@pytest.mark.parametrize("digest", ["latest", "v0", "v99999999999", "abc"])
async def test_what_is_not_there_is_not_found(api, digest):
    await publish(api, {}, "other")

    reply = await api.post("/obj/read", {"project_id": PROJECT, "object_id": "thing", "digest": digest})
    assert (reply.status, reply.json) == (404, {"reason": f"object thing:{digest} is not known"})


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"object_id": ""}, "object_id"),
        ({"object_id": "a/b"}, "object_id"),
        ({"object_id": "a:b"}, "object_id"),
        ({"object_id": "x" * 129}, "object_id"),
        ({"project_id": "acme"}, "project_id"),
        ({"val": 1, "builtin_object_class": "Leaderboard"}, "builtin_object_class"),
        ({"val": MODEL, "builtin_object_class": "Leaderboard"}, "builtin_object_class"),
    ],
)
async def test_an_object_that_breaks_a_rule_is_refused(api, members, text):
    obj = {"project_id": PROJECT, "object_id": "thing", "val": {}} | members
    reply = await api.post("/obj/create", {"obj": obj})

    assert reply.status == 400
    assert reply.json["reason"].startswith(f"obj: {text}")


async def test_a_digest_that_is_not_the_expected_one_is_a_conflict(api):
    digest = await publish(api, {"v": 1}, expected_digest=None)
    assert await publish(api, {"v": 1}, expected_digest=digest) == digest

    obj = {"project_id": PROJECT, "object_id": "thing", "val": {"v": 2}, "expected_digest": digest}
    reply = await api.post("/obj/create", {"obj": obj})
    assert reply.status == 409
    assert digest in reply.json["reason"]
    assert await names(api) == ["thing:v0"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/objs/query", {"filter": {"nothing": 1}}, 422),
        ("/objs/query", {"filter": {"tags": ["x"]}}, 400),
        ("/objs/query", {"sort_by": [{"field": "val", "direction": "asc"}]}, 422),
        ("/objs/query", {"limit": -1}, 422),
        ("/obj/read", {"object_id": "x"}, 422),
        ("/obj/delete", {"object_id": "x", "digests": 1}, 422),
        ("/obj/create", {"obj": {"project_id": PROJECT, "object_id": "x"}}, 422),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused(api, path, body, status):
    assert (await api.post(path, {"project_id": PROJECT} | body)).status == status


async def test_a_value_with_unknown_refs_and_odd_members_is_kept(api):
    val = {"ref": "weave:///other/project/object/x:y", "ключ": "'; DROP TABLE objects; --", "_bases": 3}

    assert (await read(api, await publish(api, val)))["val"] == val
