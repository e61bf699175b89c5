"""`/bridge/...`: what Weave does not have."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from otel_bridge.model.call import CompletedCall
from otel_bridge.store.memory import MemoryStore
from otel_bridge.translate.calls import translate
from tests.contract.api.calls import InProcessCalls
from tests.fixtures.otlp_spans import PROJECT, a_span

PATH = "/bridge/retranslate"
ARRIVED = 1_790_000_000_000_000  # 2026-09-21T14:13:20Z


@pytest.fixture
async def api(serve):
    store = MemoryStore(translate=translate, translator=1)
    call = translate(a_span({"input.value": "hi"}))
    old = CompletedCall(replace(call.start, attributes=b'{"made_by":"old tables"}'), call.end)
    store.begin()
    store.apply([old], received_at=ARRIVED)
    store.commit()
    store._translator = 2
    return await serve(InProcessCalls(store))


async def attributes(api):
    (line,) = (await api.send("POST", "/calls/stream_query", {"project_id": PROJECT})).lines
    return line["attributes"]


async def test_a_step_answers_what_it_came_to_and_where_to_go_on(api):
    reply = await api.send("POST", PATH, {})
    assert (reply.status, reply.json) == (
        200,
        {
            "cursor": None,
            "started": {"after": 0, "through": 1},
            "changed": 1,
            "unchanged": 0,
            "current": 0,
            "unreadable": 0,
            "named": [],
            "resumed": False,
        },
    )
    assert "made_by" not in await attributes(api)
    assert (await api.send("POST", PATH, {})).json["current"] == 1
    assert (await api.send("POST", PATH, {"everything": True})).json["unchanged"] == 1


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ({"project_id": PROJECT}, 1),
        ({"project_id": "no/body"}, 0),
        ({"since": "2026-09-21T14:13:20Z"}, 1),
        ({"since": "2026-09-21T14:13:21"}, 0),
        ({"since": "2026-09-21T16:13:20+02:00", "restart": True}, 1),
        ({"cursor": {"after": 1, "through": 1}}, 0),
        ({"cursor": {"after": 0, "through": 1}}, 1),
    ],
)
async def test_the_body_says_which_calls(api, body, changed):
    assert (await api.send("POST", PATH, body)).json["changed"] == changed


@pytest.mark.parametrize(
    "body",
    [
        {"since": "yesterday"},
        {"cursor": {"after": -1, "through": 1}},
        {"cursor": {"after": 0, "through": 2**63}},
        {"cursor": 7},
        {"projects": []},
        [],
    ],
)
async def test_a_body_that_makes_no_sense_is_refused(api, body):
    assert (await api.send("POST", PATH, body)).status == 422
    assert "made_by" in await attributes(api)


async def test_it_is_at_the_root_only(api):
    assert (await api.send("POST", "/traces" + PATH, {})).status == 404


ERASE = "/bridge/erase"


async def test_an_erasure_answers_how_many_calls_went(api):
    (call,) = (await api.send("POST", "/calls/stream_query", {"project_id": PROJECT})).lines
    body = {"project_id": PROJECT, "calls": [call["id"]]}
    reply = await api.send("POST", ERASE, body | {"dry_run": True})
    assert (reply.status, reply.json) == (200, {"cursor": None, "calls": 1, "copies": 0})
    assert (await api.send("POST", ERASE, body)).json == {"cursor": None, "calls": 1, "copies": 0}
    assert (await api.send("POST", "/calls/stream_query", {"project_id": PROJECT})).lines == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"calls": [""]}, "calls"),
        ({"user": ""}, "user"),
        ({"user": "ann", "cursor": {"phase": "other", "after": 0, "through": 1}}, "cursor"),
        ({"user": "ann", "usr": "bob"}, "usr"),
    ],
)
async def test_an_erasure_that_is_not_understood_is_refused_by_the_name_of_its_field(api, body, field):
    reply = await api.send("POST", ERASE, body)
    assert reply.status == 422
    locations = [detail["loc"] for detail in reply.json["detail"]]
    assert any(field in location for location in locations)


@pytest.mark.parametrize("body", [{}, {"project_id": PROJECT, "dry_run": True}])
async def test_an_erasure_that_selects_nothing_is_refused(api, body):
    reply = await api.send("POST", ERASE, body)
    assert (reply.status, "what to erase" in reply.json["reason"]) == (400, True)


BACKUP = "/bridge/backup"


async def test_a_step_of_a_backup_answers_how_far_it_is(api):
    reply = await api.send("POST", BACKUP, {"directory": "/backups/x", "ticket": "t"})
    assert (reply.status, reply.json) == (200, {"done_bytes": 4096, "total_bytes": 8192, "finished": False})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ticket": "t"}, "directory"),
        ({"directory": "/x"}, "ticket"),
        ({"directory": "/x", "ticket": ""}, "ticket"),
    ],
)
async def test_a_backup_that_is_not_understood_is_refused_by_the_name_of_its_field(api, body, field):
    reply = await api.send("POST", BACKUP, body)
    assert reply.status == 422
    assert any(field in detail["loc"] for detail in reply.json["detail"])
