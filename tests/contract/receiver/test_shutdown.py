"""Stopping loses nothing acknowledged and takes nothing new (`contract/otlp-receiver.md` §6)."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import grpc
import pytest

from otel_bridge.receiver.grpc import open_grpc
from otel_bridge.receiver.http import open_http
from otel_bridge.receiver.intake import open_intake
from otel_bridge.receiver.settings import ReceiverSettings
from otel_bridge.telemetry import Telemetry
from otel_bridge.testing import RecordingConsume
from tests.contract.receiver.bodies import a_span, as_protobuf
from tests.contract.receiver.client import TRACES, connected, head, refused


async def test_a_shut_gate_answers_503_and_closes_the_connection(bridge):
    body = as_protobuf()
    async with connected(bridge.http_port) as raw:
        await raw.send(head(len(body)) + body)
        assert b"200 OK" in await raw.head()
        bridge.intake.gate.shut()
        await raw.send(head(len(body)) + body)
        answer = await raw.head()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"Connection: close" in answer
        assert b"Retry-After: 1" in answer
        await raw.rest()


async def test_a_shut_gate_refuses_before_the_body_is_sent(bridge):
    bridge.intake.gate.shut()
    async with connected(bridge.http_port) as raw:
        await raw.send(head(1000, Expect="100-continue"))
        assert (await raw.head()).startswith(b"HTTP/1.1 503 ")


async def test_a_shut_gate_is_unavailable_over_grpc(bridge):
    bridge.intake.gate.shut()
    assert (await refused(bridge.call(as_protobuf()))).code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("transport", ["http", "grpc"])
async def test_a_request_under_way_is_finished_and_answered(transport):
    consume = RecordingConsume()
    async with AsyncExitStack() as opened:
        intake = await opened.enter_async_context(open_intake(consume, Telemetry(), ReceiverSettings()))
        if transport == "http":
            bound = await opened.enter_async_context(open_http(intake, "127.0.0.1", 0, grpc_port=1))
        else:
            bound = await opened.enter_async_context(open_grpc(intake, "127.0.0.1", 0, http_port=1))
        consume.hold()
        answer = asyncio.create_task(_send(transport, bound.port))
        await consume.arrived.wait()
        closing = asyncio.create_task(opened.aclose())
        await asyncio.sleep(0)
        consume.let_go()
        await closing
        assert await answer
    assert [span.name for span in consume.spans] == ["span 3"]


async def test_what_does_not_finish_in_time_is_cut_off(logged):
    consume = RecordingConsume()
    settings = ReceiverSettings(drain_seconds=0.1)
    async with (
        open_intake(consume, Telemetry(), settings) as intake,
        open_http(intake, "127.0.0.1", 0, grpc_port=1) as bound,
    ):
        consume.hold()
        answer = asyncio.create_task(_send("http", bound.port))
        await consume.arrived.wait()
    assert not await answer
    assert "requests_cut_off" in [event["event"] for event in logged]
    assert consume.spans == []


async def test_shutdown_takes_no_span_after_it_returned(serve):
    """TestShutdown: clients go on sending; what they were told is kept is all there is."""
    consume, telemetry = RecordingConsume(), Telemetry()
    acknowledged, enough = 0, asyncio.Event()

    async def client(port: int) -> None:
        nonlocal acknowledged
        while await _send("http", port):
            acknowledged += 1
            if acknowledged == 20:
                enough.set()

    async with open_intake(consume, telemetry, ReceiverSettings()) as intake:
        async with open_http(intake, "127.0.0.1", 0, grpc_port=1) as bound:
            clients = [asyncio.create_task(client(bound.port)) for _ in range(4)]
            await enough.wait()
        kept = len(consume.spans)
        await asyncio.gather(*clients)
    assert len(consume.spans) == kept
    assert kept >= acknowledged >= 20


async def _send(transport: str, port: int) -> bool:
    """Send one span; True: it was acknowledged."""
    body = as_protobuf(a_span(3))
    if transport == "grpc":
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            return await channel.unary_unary(TRACES)(body, timeout=10) == b""
    try:
        async with connected(port) as raw:
            await raw.send(head(len(body)) + body)
            return b" 200 " in await raw.head()
    except (OSError, asyncio.IncompleteReadError):
        return False
