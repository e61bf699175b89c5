"""A bridge that keeps calls and passes them on: each destination by itself, the sender answered once."""

from __future__ import annotations

import json
import os

import pytest

from tests.e2e import client
from tests.e2e.people import run
from tests.e2e.process import running
from tests.faults import behaviours
from tests.faults.sidecar import KEY


@pytest.fixture
def start(tmp_path, weave):
    """Start a bridge with a store and the upstream; the keys are the weave exporter's."""

    def starts(**exporter: object):
        document = {
            "receivers": {"otlp": {"protocols": {"grpc": {}, "http": {}}}, "weave_api": {"store": "store"}},
            "exporters": {
                "store": {"default_project": client.PROJECT},
                "weave": {
                    "endpoint": weave.url,
                    "auth": {"api_key": KEY},
                    "retry_on_failure": {"initial_interval": "20ms", "max_interval": "200ms"},
                    **exporter,
                },
            },
            "service": {
                "pipelines": {"traces": {"receivers": ["otlp", "weave_api"], "exporters": ["store", "weave"]}}
            },
        }
        file = tmp_path / "bridge.json"
        file.write_text(json.dumps(document))
        return running(tmp_path / "data", f"--config={file}")

    return starts


def a_large_request():
    """One span that takes a MB, however it is compressed."""
    return client.a_request(1, text=os.urandom(1_000_000).hex())


def stored(bridge) -> set[str]:
    return set(client.ids(bridge.api))


def test_spans_are_readable_at_once_and_arrive_at_the_upstream(start, weave):
    weave.always = behaviours.status(503)
    request = client.a_request(20)
    with start() as bridge:
        assert client.export(bridge.http, request) == 200
        assert stored(bridge) == set(client.span_ids(request))
        assert weave.calls == {}
        weave.always = None
        weave.wait(lambda: weave.whole() == set(client.span_ids(request)))


def test_what_the_upstream_did_not_get_waits_for_it_across_a_kill(start, weave):
    weave.always = behaviours.status(503)
    request = client.a_request(20)
    with start() as bridge:
        assert client.export(bridge.http, request) == 200
        bridge.kill_tree()
    weave.always = None
    with start() as bridge:
        weave.wait(lambda: weave.whole() == set(client.span_ids(request)))
        assert stored(bridge) == set(client.span_ids(request))


def test_calls_and_deletions_go_to_both(start, weave):
    request = client.a_request(3)
    first, *rest = client.span_ids(request)
    with start() as bridge:
        client.export(bridge.http, request)
        client.post(bridge.api, "/calls/delete", {"project_id": client.PROJECT, "call_ids": [first]})
        assert stored(bridge) == set(rest)
        weave.wait(lambda: weave.deleted == [first])
        assert weave.whole() == {first, *rest}


@pytest.mark.long
def test_a_full_queue_refuses_what_is_required_and_keeps_it_out_of_the_store(start, weave):
    weave.always = behaviours.status(503)
    with start(sending_queue={"queue_size": "16MiB"}) as bridge:
        kept: set[str] = set()
        for _ in range(40):
            request = a_large_request()
            status = client.export(bridge.http, request)
            if status != 200:
                break
            kept |= set(client.span_ids(request))
        assert status == 503
        assert stored(bridge) == kept
        weave.always = None
        weave.wait(lambda: weave.whole() == kept)
        assert client.export(bridge.http, request) == 200


@pytest.mark.long
def test_an_upstream_that_is_not_required_refuses_nobody(start, weave, tmp_path):
    weave.always = behaviours.status(503)
    sent: set[str] = set()
    with start(required=False, sending_queue={"queue_size": "16MiB"}) as bridge:
        for _ in range(25):
            request = a_large_request()
            assert client.export(bridge.http, request) == 200
            sent |= set(client.span_ids(request))
        assert stored(bridge) == sent
    found = json.loads(run("queue", "inspect", "--data-dir", str(tmp_path / "data"), "--json")[0])
    (total,) = found["totals"]
    assert total["put"] == len(sent) == total["waiting"] + total["dead letters"]
    assert {row["reason"] for row in found["dead_letters"]} == {"overflow"}
