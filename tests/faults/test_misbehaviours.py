"""An upstream that misbehaves in every way of a list: nothing that was acknowledged is lost."""

from __future__ import annotations

import time

import pytest

from tests.e2e import client
from tests.faults.behaviours import MISBEHAVIOURS, status
from tests.faults.sidecar import config, sidecar
from tests.faults.upstream import upstream

RECOVERY_SECONDS = 30
SPANS = 12


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """One sidecar and one upstream for the whole list: each misbehaviour must leave both as good as new."""
    folder = tmp_path_factory.mktemp("faults")
    with upstream() as weave:
        file = config(folder / "bridge.json", weave.url, timeout="1s")
        with sidecar(folder / "data", weave.url, file) as bridge:
            yield weave, bridge


@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_every_acknowledged_span_arrives_after(pair, name):
    weave, bridge = pair
    weave.behave(MISBEHAVIOURS[name])
    sent = client.a_request(SPANS)
    assert client.export(bridge.http, sent) == 200
    ids = set(client.span_ids(sent))
    weave.wait(lambda: ids <= weave.whole(), RECOVERY_SECONDS)
    assert weave.planned == 0
    weave.released.set()
    weave.released.clear()


def test_it_recovers_from_many_failures_in_a_row(pair):
    weave, bridge = pair
    weave.behave(*[status(503)] * 10)
    sent = client.a_request(SPANS)
    assert client.export(bridge.http, sent) == 200
    weave.wait(lambda: set(client.span_ids(sent)) <= weave.whole(), RECOVERY_SECONDS)


def test_it_recovers_when_a_refused_port_opens_again(pair):
    weave, bridge = pair
    weave.refuse_connections()
    sent = [client.a_request(SPANS) for _ in range(5)]
    assert [client.export(bridge.http, one) for one in sent] == [200] * 5
    weave.accept_connections()
    ids = {one for request in sent for one in client.span_ids(request)}
    weave.wait(lambda: ids <= weave.whole(), RECOVERY_SECONDS)


def test_a_wait_that_is_asked_for_is_kept(pair):
    weave, bridge = pair
    answered: list[float] = []

    async def once(server, request):
        answered.append(time.monotonic())
        return await status(429, "1")(server, request)

    async def then(server, request):
        answered.append(time.monotonic())
        return await server.take(request)

    weave.behave(once, then)
    sent = client.a_request(1)
    assert client.export(bridge.http, sent) == 200
    weave.wait(lambda: set(client.span_ids(sent)) <= weave.whole(), RECOVERY_SECONDS)
    assert answered[1] - answered[0] >= 1.0


def test_nothing_went_to_the_dead_letters_meanwhile(pair):
    _, bridge = pair
    text = client.call(f"{bridge.api}/metrics")[1].decode()
    assert 'otel_bridge_queue_calls_total{exporter="weave",state="dead"} 0.0' in text
    assert 'otel_bridge_lost_spans_total{exporter="weave"} 0.0' in text
    assert 'otel_bridge_upstream_up{exporter="weave"} 1.0' in text
    assert "unhandled" not in bridge.log
