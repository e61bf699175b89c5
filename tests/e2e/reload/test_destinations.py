"""Destinations of a running bridge come, go and change; every call that waits is sent once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e import client
from tests.e2e.reload.configured import a_document, configured
from tests.e2e.waiting import until
from tests.faults.metrics import metric
from tests.faults.upstream import upstream as serving

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web

    from tests.faults.upstream import Upstream


def sending(folder: Path, server: Upstream, *, store: bool = True, **exporter: Any) -> dict[str, Any]:
    """A bridge that sends calls on, beside the store or in its place."""
    document = a_document(folder)
    document["exporters"]["weave"] = {
        "endpoint": server.url,
        "project": "local/default",
        "retry_on_failure": {"initial_interval": "20ms", "max_interval": "100ms"},
        "sending_queue": {"batch": {"flush_timeout": "10ms"}},
        **exporter,
    }
    pipeline = document["service"]["pipelines"]["traces"]
    pipeline["exporters"].append("weave")
    if not store:
        pipeline["exporters"] = ["weave"]
        document["service"]["data_dir"] = str(folder / "data")
    return document


@pytest.mark.long
def test_the_first_exporter_comes_goes_and_comes_back(tmp_path):
    with serving() as server, configured(tmp_path, a_document(tmp_path)) as up:
        assert client.export(up.bridge.http, client.a_request(1)) == 200
        up.reload(sending(tmp_path, server))
        first, second = client.a_request(2), client.a_request(3)
        assert client.export(up.bridge.http, first) == 200
        server.wait(lambda: server.whole() == set(client.span_ids(first)))
        server.refuse_connections()
        assert client.export(up.bridge.http, second) == 200
        up.reload(a_document(tmp_path))
        server.accept_connections()
        assert client.export(up.bridge.http, client.a_request(1)) == 200  # for the store alone
        assert server.whole() == set(client.span_ids(first))
        up.reload(sending(tmp_path, server))
        everything = set(client.span_ids(first)) | set(client.span_ids(second))
        server.wait(lambda: server.whole() == everything)
        assert set(server.times.values()) == {1}
        assert len(client.ids(up.bridge.api)) == 7


@pytest.mark.long
def test_what_waits_for_a_server_that_is_away_goes_to_the_one_that_is_named_now(tmp_path):
    with serving() as away, serving() as there:
        away.refuse_connections()
        with configured(tmp_path, sending(tmp_path, away, store=False)) as up:
            request = client.a_request(5)
            assert client.export(up.bridge.http, request) == 200
            until(lambda: metric(up.bridge, 'otel_bridge_upstream_up{exporter="weave"}') == 0)
            up.reload(sending(tmp_path, there, store=False))
            there.wait(lambda: there.whole() == set(client.span_ids(request)))
            assert set(there.times.values()) == {1}
            # whoever asks is passed on to the server that is named now
            assert client.call(f"{up.bridge.api}/teapot")[0] == 418


def test_a_request_under_way_is_settled_before_another_server_gets_its_calls(tmp_path):
    with serving() as old, serving() as new:

        async def slow(upstream: Upstream, request: web.Request) -> web.StreamResponse:
            kept = await upstream.take(request)
            await asyncio.to_thread(upstream.released.wait)
            return kept

        old.behave(slow)
        with configured(tmp_path, sending(tmp_path, old)) as up:
            first, second = client.a_request(1), client.a_request(1)
            assert client.export(up.bridge.http, first) == 200
            old.wait(lambda: old.whole() == set(client.span_ids(first)))
            with up.reloading():
                up.write(sending(tmp_path, new))
                up.hang_up()
                assert client.export(up.bridge.http, second) == 200  # to either of them, by how far it is
                old.released.set()
            until(lambda: metric(up.bridge, 'otel_bridge_queue_waiting_calls{exporter="weave"}') == 0)
            assert old.whole() | new.whole() == {*client.span_ids(first), *client.span_ids(second)}
            assert not old.whole() & new.whole()
            assert {*old.times.values(), *new.times.values()} == {1}


@pytest.mark.long
def test_a_key_that_the_server_takes_lets_go_what_it_held(tmp_path):
    with serving() as server:
        server.key = "the-right-key"
        wrong, right = ({"auth": {"api_key": key}} for key in ("the-wrong-key", "the-right-key"))
        with configured(tmp_path, sending(tmp_path, server, **wrong)) as up:
            request = client.a_request(2)
            assert client.export(up.bridge.http, request) == 200
            server.wait(lambda: any(status == 401 for _, _, status in server.requests))
            up.reload(sending(tmp_path, server, **right))
            server.wait(lambda: server.whole() == set(client.span_ids(request)))
            assert set(server.times.values()) == {1}


@pytest.mark.long
def test_a_key_file_that_is_not_there_is_refused_as_a_whole(tmp_path):
    with serving() as server, configured(tmp_path, sending(tmp_path, server)) as up:
        missing = {"auth": {"api_key_file": str(tmp_path / "missing")}}
        up.reload(sending(tmp_path, server, **missing), "failed")
        assert "cannot read the API key" in up.bridge.log
        request = client.a_request(1)
        assert client.export(up.bridge.http, request) == 200
        server.wait(lambda: server.whole() == set(client.span_ids(request)))
