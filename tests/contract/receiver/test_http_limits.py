"""Limits in bytes and in time (`contract/otlp-receiver.md` §5)."""

from __future__ import annotations

import asyncio
import gzip
import random
import resource
import sys
import threading
from asyncio.subprocess import PIPE

import pytest

from otel_bridge.http.coding import Inflation
from otel_bridge.http.inflate import INLINE_WIRE_BYTES
from tests.contract.receiver.bodies import COMPRESS, JSON, PROTOBUF, TYPES, a_span, encode, padded
from tests.contract.receiver.client import LONGEST_WAIT, connected, head

LIMIT = 64 << 20


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize(("over", "status"), [(-1, 200), (0, 200), (1, 413)])
async def test_http_max_request_body_size(serve, content_type, over, status):
    """TestHTTPMaxRequestBodySize; over the limit we answer 413."""
    bridge = await serve(max_request_bytes=2000)
    reply = await bridge.send(padded(content_type, 2000 + over), content_type)
    assert (reply.status, reply.type) == (status, content_type)
    assert len(bridge.consume.exports) == (status == 200)


@pytest.mark.parametrize("content_type", TYPES)
async def test_http_max_request_body_size_counts_chunked_bodies_as_they_come(serve, content_type):
    bridge = await serve(max_request_bytes=2000)
    body = padded(content_type, 2001)
    async with connected(bridge.http_port) as raw:
        await raw.send(head(None, content_type, Transfer_Encoding="chunked"))
        await raw.send(b"%x\r\n%s\r\n" % (len(body), body))
        assert b" 413 " in await raw.head()


@pytest.mark.parametrize(("over", "status"), [(-1, 200), (0, 200), (1, 413)])
async def test_r29_the_default_limit_is_64_mebibytes(bridge, over, status):
    assert (await bridge.send(padded(PROTOBUF, LIMIT + over))).status == status
    assert [len(export.body) for export in bridge.consume.exports] == [LIMIT + over] * (status == 200)


@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 413)])
async def test_r29_the_default_limit_counts_inflated_bytes_too(bridge, over, status):
    body = gzip.compress(padded(PROTOBUF, LIMIT + over), 1)
    assert (await bridge.send(body, headers={"Content-Encoding": "gzip"})).status == status
    assert len(bridge.consume.exports) == (status == 200)


async def test_default_max_request_body_size_leaves_nothing_claimed(bridge):
    """TestDefaultMaxRequestBodySize: after the largest request the whole budget is free."""
    await bridge.send(padded(PROTOBUF, LIMIT))
    assert bridge.intake.budget.used_bytes == 0


@pytest.mark.parametrize("expect", [{}, {"Expect": "100-continue"}], ids=["plain", "expect"])
async def test_r06_an_announced_length_over_the_limit_is_refused_before_reading(bridge, expect):
    async with connected(bridge.http_port) as raw:
        await raw.send(head(99_999_999_999, **expect))
        answer = await raw.head()
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"Connection: close" in answer
        await raw.rest()


async def test_expect_100_continue_is_answered_before_the_body(bridge):
    body = encode(PROTOBUF)
    async with connected(bridge.http_port) as raw:
        await raw.send(head(len(body), Expect="100-continue"))
        assert await raw.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await raw.send(body)
        assert b"200 OK" in await raw.head()
    assert len(bridge.consume.spans) == 1


async def test_another_expectation_is_417(bridge):
    async with connected(bridge.http_port) as raw:
        await raw.send(head(0, Expect="a-pony"))
        assert b" 417 " in await raw.head()


async def test_r07_a_slow_body_is_cut_off_while_others_are_served(serve):
    bridge = await serve(body_seconds=0.3)
    async with connected(bridge.http_port) as raw:
        await raw.send(head(1000) + b"x")
        assert (await bridge.send(encode(PROTOBUF))).status == 200
        answer = await raw.head()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"Connection: close" in answer
        await raw.rest()


async def test_r07_a_client_that_announces_much_and_sends_little_keeps_nobody_out(bridge):
    async with connected(bridge.http_port) as raw:
        await raw.send(head(LIMIT) + b"x" * 100)
        assert (await bridge.send(padded(PROTOBUF, 1 << 20))).status == 200


async def test_a_slow_head_is_cut_off(serve):
    bridge = await serve(head_seconds=0.2)
    async with connected(bridge.http_port) as raw:
        await raw.send(b"POST /v1/traces HTTP/1.1\r\nX-Slow: ")
        assert await raw.rest() == b""


async def test_a_head_in_pieces_is_read(serve):
    bridge = await serve(head_seconds=5)
    body = encode(PROTOBUF)
    async with connected(bridge.http_port) as raw:
        raw.writer.transport.get_extra_info("socket").setsockopt(6, 1, 1)
        for byte in head(len(body)):
            await raw.send(bytes((byte,)))
        await raw.send(body)
        assert b"200 OK" in await raw.head()


async def test_an_idle_connection_is_closed(serve):
    bridge = await serve(idle_seconds=0.2)
    async with connected(bridge.http_port) as silent, connected(bridge.http_port) as used:
        body = encode(PROTOBUF)
        await used.send(head(len(body)) + body)
        assert b"200 OK" in await used.head()
        assert (await used.rest(), await silent.rest()) == (b"", b"")


CROWD = """
import resource, socket, sys
port, count = int(sys.argv[1]), int(sys.argv[2])
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
print(len(crowd), flush=True)
sys.stdin.read()
"""


async def test_r08_ten_thousand_idle_connections_hinder_nobody(bridge):
    """Or as many as the machine lets one process open."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10_000, hard - 500)
    crowd = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CROWD, str(bridge.http_port), str(count), stdin=PIPE, stdout=PIPE
    )
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            assert int(await crowd.stdout.readline()) == count
            assert (await bridge.send(encode(PROTOBUF))).status == 200
    finally:
        crowd.stdin.close()
        await crowd.wait()


class TestTheByteBudget:
    """The global in-flight budget: 503 with a hint, and everything comes back."""

    async def test_a_request_that_does_not_fit_is_asked_to_come_again(self, serve):
        bridge = await serve(max_request_bytes=4000, in_flight_bytes=4000)
        bridge.consume.hold()
        first = asyncio.create_task(bridge.send(padded(PROTOBUF, 3000)))
        await bridge.consume.arrived.wait()
        reply = await bridge.send(padded(JSON, 2000), JSON)
        assert (reply.status, reply.error[0], reply.headers["Retry-After"]) == (503, 14, "1")
        assert bridge.telemetry.value("otel_bridge_in_flight_bytes") == 3000
        bridge.consume.let_go()
        assert (await first).status == 200
        assert (await bridge.send(padded(JSON, 2000), JSON)).status == 200
        assert bridge.telemetry.value("otel_bridge_in_flight_bytes") == 0

    @pytest.mark.parametrize("coding", COMPRESS)
    async def test_inflated_bytes_count(self, serve, coding):
        bridge = await serve(max_request_bytes=4000, in_flight_bytes=4000)
        bridge.consume.hold()
        first = asyncio.create_task(bridge.send(padded(PROTOBUF, 3000)))
        await bridge.consume.arrived.wait()
        body = COMPRESS[coding](padded(PROTOBUF, 2000))
        assert (await bridge.send(body, headers={"Content-Encoding": coding})).status == 503
        bridge.consume.let_go()
        assert (await first).status == 200

    async def test_too_many_requests_at_once_are_asked_to_come_again(self, serve):
        bridge = await serve(max_requests=1)
        bridge.consume.hold()
        first = asyncio.create_task(bridge.send(encode(PROTOBUF)))
        await bridge.consume.arrived.wait()
        assert (await bridge.send(encode(PROTOBUF))).status == 503
        bridge.consume.let_go()
        assert (await first).status == 200


async def test_work_that_takes_too_long_is_answered_503_and_goes_on(serve):
    bridge = await serve(keep_seconds=0.1)
    bridge.consume.hold()
    reply = await bridge.send(encode(PROTOBUF))
    assert (reply.status, bridge.consume.spans) == (503, [])
    assert bridge.intake.budget.used_bytes == len(encode(PROTOBUF))
    bridge.consume.let_go()
    async with asyncio.timeout(LONGEST_WAIT):
        await bridge.intake.gate.empty()
    assert len(bridge.consume.spans) == bridge.spans("accepted") == 1


async def test_a_client_that_goes_away_does_not_undo_the_work(bridge):
    bridge.consume.hold()
    body = encode(PROTOBUF, a_span(7))
    async with connected(bridge.http_port) as raw:
        await raw.send(head(len(body)) + body)
        await bridge.consume.arrived.wait()
        raw.writer.transport.abort()
    bridge.consume.let_go()
    async with asyncio.timeout(LONGEST_WAIT):
        await bridge.intake.gate.empty()
    assert [span.name for span in bridge.consume.spans] == ["span 7"]


async def test_a_client_that_goes_away_amid_its_body_leaves_nothing_behind(bridge):
    async with connected(bridge.http_port) as raw:
        await raw.send(head(1000) + b"x" * 10)
        assert (await bridge.send(encode(PROTOBUF))).status == 200
        raw.writer.transport.abort()
    async with asyncio.timeout(LONGEST_WAIT):
        await bridge.intake.gate.empty()
    assert (bridge.intake.budget.used_bytes, len(bridge.consume.exports)) == (0, 1)


async def test_a_body_in_very_many_pieces_is_put_together_in_order(bridge):
    body = padded(PROTOBUF, 300_000)
    async with connected(bridge.http_port) as raw:
        await raw.send(head(None, Transfer_Encoding="chunked"))
        for at in range(0, len(body), 1000):
            piece = body[at : at + 1000]
            await raw.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            await asyncio.sleep(0)
        await raw.send(b"0\r\n\r\n")
        assert b"200 OK" in await raw.head()
    assert bridge.consume.exports[0].body == body


async def test_a_body_that_takes_long_to_inflate_does_not_stop_others(bridge, monkeypatch):
    started, go_on = threading.Event(), threading.Event()
    inflate = Inflation.step

    def slow(inflation: Inflation, max_bytes: int) -> bytes:
        started.set()
        assert go_on.wait(LONGEST_WAIT)
        return inflate(inflation, max_bytes)

    monkeypatch.setattr(Inflation, "step", slow)
    noise = random.Random(1).randbytes(INLINE_WIRE_BYTES * 2)
    task = asyncio.create_task(bridge.send(gzip.compress(noise), headers={"Content-Encoding": "gzip"}))
    assert await asyncio.to_thread(started.wait, LONGEST_WAIT)
    assert (await bridge.send(encode(PROTOBUF))).status == 200
    go_on.set()
    assert (await task).status == 400
