"""Weave's API at a sidecar: what changes calls goes through the queue, everything else is asked upstream."""

from __future__ import annotations

import http.client
import json
from base64 import b64encode
from urllib.parse import urlsplit

import pytest

from tests.e2e import client
from tests.faults.sidecar import KEY, PROJECT, config, sidecar
from tests.faults.upstream import upstream

READS = (
    "/calls/query",
    "/calls/stats",
    "/calls/score",
    "/calls/score/status",
    "/bridge/scorers",
    "/bridge/scoring/lease",
    "/feedback/stats",
    "/calls/query_stats",
    "/call/read",
    "/feedback/create",
    "/feedback/query",
    "/cost/query",
    "/obj/create",
    "/obj/read",
    "/objs/query",
    "/table/create",
    "/refs/read_batch",
    "/no/such/route",
)
BASIC = "Basic " + b64encode(f"api:{KEY}".encode()).decode()


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("facade")
    with upstream() as weave:
        file = config(folder / "bridge.json", weave.url, timeout="2s")
        with sidecar(folder / "data", weave.url, file) as bridge:
            yield weave, bridge


@pytest.mark.parametrize("mount", ["", "/traces"])
@pytest.mark.parametrize("path", READS)
def test_a_question_is_passed_on_as_it_is(pair, path, mount):
    _, bridge = pair
    body = json.dumps({"project_id": PROJECT, "ä": ["\u2028"]}).encode()
    status, answer = client.call(f"{bridge.api}{mount}{path}?a=%2F&b=c", body)
    told = json.loads(answer)
    assert status == 200
    assert told == {"method": "POST", "path": f"{path}?a=%2F&b=c", "body": body.decode("latin-1")}


def test_our_key_is_lent_to_callers_that_bring_none(pair):
    weave, bridge = pair
    client.call(f"{bridge.api}/calls/stats", b"{}")
    assert weave.headers[-1]["Authorization"] == BASIC


def test_a_callers_own_key_is_passed_on(pair):
    weave, bridge = pair
    client.call(f"{bridge.api}/calls/stats", b"{}", Authorization="Bearer its-own")
    assert weave.headers[-1]["Authorization"] == "Bearer its-own"


def test_headers_of_the_connection_stay_here_and_others_travel(pair):
    weave, bridge = pair
    connection = http.client.HTTPConnection(urlsplit(bridge.api).netloc, timeout=30)
    headers = {"X-Trace": "7", "Connection": "close, X-Hop", "X-Hop": "secret"}
    connection.request("GET", "/server_info", headers=headers)
    connection.getresponse().read()
    connection.close()
    seen = {name.lower(): value for name, value in weave.headers[-1].items()}
    assert seen["x-trace"] == "7"
    assert "x-hop" not in seen
    assert seen["host"] == urlsplit(weave.url).netloc


def test_an_error_is_passed_back_as_it_is(pair):
    _, bridge = pair
    connection = http.client.HTTPConnection(urlsplit(bridge.api).netloc, timeout=30)
    connection.request("GET", "/teapot")
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("X-Teapot")) == (418, "yes")
    assert answer.read() == b'{"reason":"short and stout"}'
    connection.close()


def test_a_stream_is_passed_back_while_it_comes(pair):
    weave, bridge = pair
    weave.released.clear()
    connection = http.client.HTTPConnection(urlsplit(bridge.api).netloc, timeout=30)
    connection.request("POST", "/calls/stream_query", b"{}")
    answer = connection.getresponse()
    assert answer.read1() == b'{"id":"one"}\n', "the first line is here before the second is sent"
    weave.released.set()
    assert answer.read() == b'{"id":"two"}\n'
    weave.released.clear()
    connection.close()


def test_an_upstream_that_is_away_is_a_bad_gateway_in_the_apis_words(pair):
    weave, bridge = pair
    weave.refuse_connections()
    try:
        status, answer = client.call(f"{bridge.api}/calls/stats", b"{}")
    finally:
        weave.accept_connections()
    assert status == 502
    assert "upstream" in json.loads(answer)["reason"]


def test_a_write_is_answered_when_the_queue_has_it_and_arrives_when_the_upstream_can(pair):
    weave, bridge = pair
    weave.refuse_connections()
    call_id, trace_id = "00000000000000a1", "000000000000000000000000000000b1"
    start = {
        "project_id": PROJECT,
        "id": call_id,
        "trace_id": trace_id,
        "op_name": "written",
        "started_at": "2026-11-28T10:00:00Z",
        "attributes": {"a": 1},
        "inputs": {"q": [1, {"x": None}]},
    }
    end = {
        "project_id": PROJECT,
        "id": call_id,
        "ended_at": "2026-11-28T10:00:01Z",
        "summary": {},
        "output": "é",
    }
    batch = [{"mode": "end", "req": {"end": end}}, {"mode": "start", "req": {"start": start}}]
    answer = client.post(bridge.api, "/call/upsert_batch", {"batch": batch})
    assert answer == {"res": [{}, {"id": call_id, "trace_id": trace_id}]}
    weave.accept_connections()
    weave.wait(lambda: call_id in weave.whole())
    kept = weave.calls[call_id]
    assert (kept["attributes"], kept["inputs"], kept["output"]) == (start["attributes"], start["inputs"], "é")


def test_a_bad_write_is_refused_here(pair):
    _, bridge = pair
    status, answer = client.call(f"{bridge.api}/call/upsert_batch", b'{"batch":[{"req":{}}]}')
    assert status == 422
    assert json.loads(answer)["detail"]


def test_weave_init_finds_its_project_without_the_upstream(pair):
    _, bridge = pair
    query = {"query": "query DefaultEntity { viewer { username defaultEntity { name } } }"}
    answer = client.post(bridge.api, "/graphql", query)
    assert answer["data"]["viewer"]["defaultEntity"]["name"] == "team"


def test_the_description_says_what_a_sidecar_passes_on(pair):
    _, bridge = pair
    document = json.loads(client.call(f"{bridge.api}/openapi.json")[1])
    assert "502" in document["paths"]["/calls/stats"]["post"]["responses"]
    assert "502" not in document["paths"]["/call/upsert_batch"]["post"]["responses"]
    assert "/bridge/retranslate" not in document["paths"]
    assert client.call(f"{bridge.api}/docs")[0] == 200


def test_a_foreign_page_gets_nothing(pair):
    _, bridge = pair
    assert client.call(f"{bridge.api}/calls/stats", b"{}", Origin="https://evil.example")[0] == 403


def test_otlp_is_taken_on_the_apis_port_too(pair):
    weave, bridge = pair
    sent = client.a_request(2)
    body = sent.SerializeToString()
    status, _ = client.call(f"{bridge.api}/otel/v1/traces", body, Content_Type="application/x-protobuf")
    assert status == 200
    weave.wait(lambda: set(client.span_ids(sent)) <= weave.whole())
