"""Who may come in at which door (`contract/otlp-receiver.md` §1, §10)."""

from __future__ import annotations

import sys

import grpc
import pytest

from otel_bridge.errors import StartError
from otel_bridge.http.doorman import PREFACE
from otel_bridge.receiver.grpc import open_grpc
from otel_bridge.receiver.http import open_http
from tests.contract.receiver.bodies import JSON, TYPES, as_protobuf, encode
from tests.contract.receiver.client import TRACES, connected, head, refused, until

FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:4318",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "0.0.0.0:4318",
    "192.168.1.5",
]
OWN_HOSTS = [
    "localhost",
    "LOCALHOST:1",
    "127.0.0.1:4318",
    "127.1.2.3",
    "[::1]:4318",
    "app.localhost",
    "localhost.",
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
@pytest.mark.parametrize("content_type", TYPES)
async def test_a_foreign_host_is_refused_on_loopback(bridge, host, content_type):
    reply = await bridge.send(encode(content_type), content_type, headers={"Host": host})
    assert (reply.status, reply.type, reply.error[0]) == (403, content_type, 7)
    assert (bridge.consume.exports, bridge.noted("foreign_host")) == ([], 1)


@pytest.mark.parametrize("host", [*OWN_HOSTS, "host.docker.internal:4318"])
async def test_the_own_host_is_taken(bridge, host):
    assert (await bridge.send(encode(JSON), JSON, headers={"Host": host})).status == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://["]
)
async def test_a_foreign_origin_is_refused_on_loopback(bridge, origin):
    reply = await bridge.send(encode(JSON), JSON, headers={"Origin": origin})
    assert (reply.status, reply.error[0]) == (403, 7)


async def test_a_page_of_the_own_machine_is_taken(bridge):
    assert (await bridge.send(encode(JSON), JSON, headers={"Origin": "http://localhost:3000"})).status == 200


async def test_a_foreign_origin_is_refused_over_grpc(bridge):
    error = await refused(bridge.call(as_protobuf(), metadata=(("origin", "https://evil.example"),)))
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    await bridge.call(as_protobuf(), metadata=(("origin", "http://localhost:3000"),))


async def test_a_foreign_host_is_taken_where_others_may_reach_the_listener(bridge):
    async with open_http(bridge.intake, "0.0.0.0", 0, grpc_port=4317) as bound:
        url = f"http://127.0.0.1:{bound.port}/v1/traces"
        headers = {"Content-Type": JSON, "Host": "collector.example"}
        async with bridge.session.post(url, data=encode(JSON), headers=headers) as response:
            assert response.status == 200


async def test_grpc_at_the_http_door_is_refused_and_the_log_names_the_right_port(bridge, logged):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{bridge.http_port}") as channel:
        error = await refused(channel.unary_unary(TRACES)(as_protobuf(), timeout=5))
    assert "http1.x server (HTTP status 400)" in error.details()
    events = [event for event in logged if event["event"] == "wrong_door"]
    assert [event["right_port"] for event in events] == [bridge.grpc_port]
    assert bridge.noted("wrong_door") >= 1


async def test_an_http2_preface_is_answered_and_logged_once_a_minute(bridge, logged):
    for _ in range(3):
        async with connected(bridge.http_port) as raw:
            await raw.send(PREFACE)
            answer = await raw.rest()
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert answer.endswith(f"OTLP/gRPC is on port {bridge.grpc_port}\n".encode())
    assert len([event for event in logged if event["event"] == "wrong_door"]) == 1
    assert bridge.noted("wrong_door") == 3


def strangers(logged):
    return [event for event in logged if event["event"] == "wrong_door"]


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel tells of it")
@pytest.mark.parametrize("size", [2, 100_000])
async def test_http_at_the_grpc_door_is_logged_once_a_minute_with_the_right_port(bridge, logged, size):
    for _ in range(3):
        async with connected(bridge.grpc_port) as raw:
            await raw.send(head(size) + b"x" * size)
            await raw.rest()
    await until(lambda: bridge.noted("wrong_door") == 3)
    (event,) = strangers(logged)
    assert (event["client"], event["right_port"]) == ("127.0.0.1", 4318)


async def test_grpc_clients_and_probes_at_the_grpc_door_are_no_strangers(bridge, logged):
    for _ in range(3):
        await bridge.call(as_protobuf())
        async with connected(bridge.grpc_port) as raw:
            await raw.reader.read(1)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{bridge.grpc_port}") as channel:
            await channel.channel_ready()
    assert (strangers(logged), bridge.noted("wrong_door")) == ([], 0)


async def test_http_new_port_already_used(bridge):
    """TestHTTPNewPortAlreadyUsed."""
    with pytest.raises(StartError, match=f"port {bridge.http_port} is busy"):
        async with open_http(bridge.intake, "127.0.0.1", bridge.http_port, grpc_port=4317):
            pass


async def test_grpc_new_port_already_used(bridge):
    """TestGRPCNewPortAlreadyUsed."""
    with pytest.raises(StartError, match=f"port {bridge.grpc_port} is busy"):
        async with open_grpc(bridge.intake, "127.0.0.1", bridge.grpc_port, http_port=4318):
            pass


@pytest.mark.parametrize(
    "door",
    [
        lambda i: open_grpc(i, "192.0.2.1", 4317, http_port=4318),
        lambda i: open_http(i, "192.0.2.1", 4318, grpc_port=1),
    ],
    ids=["grpc", "http"],
)
async def test_an_address_of_another_machine_is_a_start_error(bridge, door):
    with pytest.raises(StartError, match=r"192\.0\.2\.1"):
        async with door(bridge.intake):
            pass
