"""Keys for some projects, in the corners that the walk over the routes does not reach."""

from __future__ import annotations

import pytest

from tests.contract.api.bodies import a_batch, a_whole_call, call_id, end_item, start_item
from tests.contract.receiver.client import connected
from tests.contract.receiver.keys import BEARER, keyed

MINE = "acme/app"
THEIRS = "other/app"
HEADERS = {"authorization": "Bearer mine-key"}
KEYS = """
- {name: all, key: all-key, rights: [ingest, read, score]}
- {name: mine, key: mine-key, rights: [ingest, read, score], projects: [acme/*]}
"""
SECRET = "the secret of another project"


@pytest.fixture(params=["memory", "sqlite"])
async def api(request, serve, stored_calls, monkeypatch):
    monkeypatch.setattr("tests.contract.receiver.keys.KEYS", KEYS)
    return await serve(calls=stored_calls if request.param == "sqlite" else None, door=keyed())


async def ask(api, path: str, body, headers=HEADERS):
    return await api.post(path, body, headers)


async def publish(api, project: str, name: str, val) -> str:
    body = {"obj": {"project_id": project, "object_id": name, "val": val}}
    reply = await ask(api, "/obj/create", body, BEARER)
    assert reply.status == 200, reply.body
    return f"weave:///{project}/object/{name}:{reply.json['digest']}"


async def keep(api, *items) -> None:
    assert (await ask(api, "/call/upsert_batch", a_batch(*items), BEARER)).status == 200


@pytest.fixture
async def theirs(api) -> str:
    """The ref of an object of another project."""
    return await publish(api, THEIRS, "prompt", {"text": SECRET})


@pytest.mark.parametrize(("key", "status"), [("wrong", b"401"), ("mine-key", b"100")])
async def test_who_expects_to_be_told_is_asked_first(api, key, status):
    async with connected(api.address[1]) as raw:
        head = ["POST /calls/query HTTP/1.1", "Host: localhost", "Content-Length: 10", "Expect: 100-continue"]
        await raw.send("\r\n".join([*head, f"Authorization: Bearer {key}", "", ""]).encode())
        answer = await raw.head()
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert (b"WWW-Authenticate" in answer) == (status == b"401")


class TestWrites:
    async def count(self, api, project: str) -> int:
        return (await ask(api, "/calls/query_stats", {"project_id": project}, BEARER)).json["count"]

    @pytest.mark.parametrize(
        "foreign",
        [start_item(2, project_id=THEIRS), end_item(2, project_id=THEIRS)],
        ids=["start", "end"],
    )
    async def test_one_foreign_item_refuses_a_batch_by_name_and_whole(self, api, foreign):
        reply = await ask(api, "/call/upsert_batch", a_batch(start_item(1), foreign))
        assert (reply.status, reply.json) == (403, {"reason": f"this key is not for the project {THEIRS}"})
        assert [await self.count(api, project) for project in (MINE, THEIRS)] == [0, 0]

    async def test_a_whole_batch_of_ones_own_is_kept(self, api):
        reply = await ask(api, "/call/upsert_batch", a_batch(start_item(1), end_item(1)))
        assert (reply.status, await self.count(api, MINE)) == (200, 1)

    async def test_a_foreign_project_in_the_path_is_refused(self, api):
        body = {"batch": [a_whole_call(1, project_id=THEIRS)]}
        assert (await ask(api, f"/v2/{THEIRS}/calls/complete", body)).status == 403

    async def test_a_foreign_project_in_a_form_is_refused(self, api):
        form = b'--x\r\nContent-Disposition: form-data; name="project_id"\r\n\r\nother/app\r\n'
        form += b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nhello\r\n--x--\r\n'
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        assert (await ask(api, "/file/create", form, HEADERS | kind)).status == 403
        assert (await ask(api, "/file/create", form, BEARER | kind)).status == 200

    async def test_feedback_by_its_id_does_not_reach_into_another_project(self, api):
        note = {
            "project_id": THEIRS,
            "weave_ref": f"weave:///{THEIRS}/call/{call_id(1)}",
            "feedback_type": "custom",
            "payload": {"note": SECRET},
            "id": "0198a0b2-7f00-7c3e-9d3b-2f1d5a6b7c8d",
        }
        assert (await ask(api, "/feedback/create", note, BEARER)).status == 200
        mine = note | {"project_id": MINE, "feedback_id": note["id"], "payload": {}}
        assert (await ask(api, "/feedback/replace", mine)).status == 200
        found = (await ask(api, "/feedback/query", {"project_id": THEIRS}, BEARER)).json["result"]
        assert [one["payload"] for one in found] == [{"note": SECRET}]


class TestRefs:
    async def test_a_foreign_ref_is_refused_by_name(self, api, theirs):
        reply = await ask(api, "/refs/read_batch", {"refs": [theirs]})
        assert (reply.status, reply.json) == (403, {"reason": f"this key is not for the project {THEIRS}"})
        assert (await ask(api, "/refs/read_batch", {"refs": [theirs]}, BEARER)).json["vals"] == [
            {"text": SECRET}
        ]

    async def test_a_malformed_ref_to_a_foreign_project_is_refused_like_a_whole_one(self, api):
        for ref in (f"weave:///{THEIRS}", f"weave:///{THEIRS}/object", f"weave:///{THEIRS}/object/x"):
            assert (await ask(api, "/refs/read_batch", {"refs": [ref]})).status == 403

    async def test_a_ref_of_ones_own_does_not_lead_through_a_foreign_one(self, api, theirs):
        own = await publish(api, MINE, "chain", {"prompt": theirs})
        way = {"refs": [f"{own}/attr/prompt/attr/text"]}
        assert (await ask(api, "/refs/read_batch", way)).json["vals"] == [None]
        assert (await ask(api, "/refs/read_batch", way, BEARER)).json["vals"] == [SECRET]

    async def test_a_ref_does_not_lead_to_a_row_of_a_foreign_table(self, api):
        table = {"table": {"project_id": THEIRS, "rows": [{"text": SECRET}]}}
        made = (await ask(api, "/table/create", table, BEARER)).json
        rows = f"weave:///{THEIRS}/table/{made['digest']}"
        own = await publish(api, MINE, "data", {"rows": rows})
        way = {"refs": [f"{own}/attr/rows/id/{made['row_digests'][0]}/attr/text"]}
        assert (await ask(api, "/refs/read_batch", way)).json["vals"] == [None]
        assert (await ask(api, "/refs/read_batch", way, BEARER)).json["vals"] == [SECRET]


class TestExpanded:
    """Refs inside calls of one's own: anybody may write any ref there."""

    ASKED = {"project_id": MINE, "expand_columns": ["inputs.prompt"]}  # noqa: RUF012 - nobody changes it

    @pytest.fixture
    async def kept(self, api, theirs):
        await keep(api, start_item(1, inputs={"prompt": theirs}), end_item(1))
        return theirs

    @pytest.mark.parametrize("path", ["/calls/stream_query", "/calls/query"])
    async def test_a_foreign_value_does_not_take_the_place_of_its_ref(self, api, kept, path):
        reply = await ask(api, path, self.ASKED)
        assert (SECRET.encode() in reply.body, kept.encode() in reply.body) == (False, True)
        assert SECRET.encode() in (await ask(api, path, self.ASKED, BEARER)).body

    @pytest.mark.parametrize("path", ["/calls/stream_query", "/calls/query_stats"])
    async def test_a_filter_tells_nothing_of_a_foreign_value(self, api, kept, path):
        condition = {"$eq": [{"$getField": "inputs.prompt.text"}, {"$literal": SECRET}]}
        asked = self.ASKED | {"query": {"$expr": condition}}
        found = [(await ask(api, path, asked, headers)).body for headers in (HEADERS, BEARER)]
        assert found[0] != found[1]
        assert found[0] in {b"", b'{"count":0,"has_more":false,"total_storage_size_bytes":null}'}
