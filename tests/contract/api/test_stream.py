"""How answers to queries travel: JSON lines, in pages, as fast as the client reads (weave-api.md §2.6)."""

from __future__ import annotations

import asyncio

import aiohttp
import orjson
import pytest
from aiohttp import web

from otel_bridge.api.stream import PAGE_BYTES
from otel_bridge.errors import QueryTimeout, Unavailable
from otel_bridge.store.base import Plan
from tests.contract.api.bodies import PROJECT

QUERY = {"project_id": PROJECT}
PATH = "/calls/stream_query"


class Scripted:
    """Calls numbered from 0, each a line of a given length, that remembers what was asked."""

    def __init__(
        self, count: int, line_bytes: int = 100, *, parts: int = 1, fail_at: int | None = None
    ) -> None:
        self.line = b'{"x":"%b"}\n' % (b"x" * (line_bytes - 9))
        self.parts = [range(count * n // parts, count * (n + 1) // parts) for n in range(parts)]
        self.fail_at = fail_at
        self.error: Exception = RuntimeError("the reader broke")
        self.asked: list[int] = []
        self.gone: set[int] = set()

    async def plan(self, query, *, after=None):
        number = int(after or b"0")
        more = number + 1 < len(self.parts)
        return Plan(tuple(self.parts[number]), b"%d" % (number + 1) if more else None)

    async def lines(self, query, seqs):
        if self.fail_at is not None and self.fail_at in seqs:
            raise self.error
        self.asked.append(len(seqs))
        return self.line * sum(1 for seq in seqs if seq not in self.gone)


async def test_no_calls_are_an_empty_body(api):
    reply = await api.post(PATH, QUERY)

    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["Content-Type"] == "application/jsonl"


async def test_every_line_is_an_object_that_ends_in_one_line_feed(api):
    await api.keep_calls(1, 2, 3)
    await api.post("/call/update", QUERY | {"call_id": "0000000000000002", "display_name": "a\nb\r\n\u2028"})

    body = (await api.post(PATH, QUERY)).body
    assert body.endswith(b"}\n")
    parts = body.split(b"\n")
    assert len(parts) == 4
    assert parts.pop() == b""
    assert [orjson.loads(part)["inputs"]["question"] for part in parts] == [1, 2, 3]


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/jsonl"),
        ("application/jsonl", "application/jsonl"),
        ("application/json", "application/json"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("Application/JSON; q=0.9, text/html", "application/json"),
        ("text/plain", "text/plain"),
        ("*/*", "application/jsonl"),
        ("application/*", "application/jsonl"),
        ("text/html", "application/jsonl"),
        ("image/svg+xml", "application/jsonl"),
        ("", "application/jsonl"),
        ("nonsense", "application/jsonl"),
    ],
)
async def test_the_content_type_is_what_the_client_accepts_unless_a_browser_would_run_it(
    api, accept, answered
):
    reply = await api.post(PATH, QUERY, None if accept is None else {"Accept": accept})

    assert reply.headers["Content-Type"].partition(";")[0] == answered
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


async def test_all_parts_of_a_plan_are_read(serve):
    api = await serve(calls=Scripted(100, parts=7))

    assert len((await api.post(PATH, QUERY)).lines) == 100
    reply = await api.post("/calls/query", QUERY)
    assert len(reply.json["calls"]) == 100


async def test_calls_deleted_meanwhile_leave_no_trace(serve):
    calls = Scripted(100)
    calls.gone = set(range(90))
    api = await serve(calls=calls)

    assert len((await api.post(PATH, QUERY)).lines) == 10
    assert len((await api.post("/calls/query", QUERY)).json["calls"]) == 10


@pytest.mark.parametrize(("line_bytes", "largest"), [(200, 1000), (64 << 10, 8), (2 << 20, 16)])
async def test_pages_grow_to_a_bounded_number_of_bytes(serve, line_bytes, largest):
    calls = Scripted(3 * largest, line_bytes)
    api = await serve(calls=calls)
    await api.post(PATH, QUERY)

    assert calls.asked[0] == min(16, 3 * largest)
    assert max(calls.asked[1:]) <= max(1, min(1000, PAGE_BYTES // line_bytes))
    assert sum(calls.asked) == 3 * largest


async def test_a_client_that_does_not_read_is_waited_for(serve):
    line_bytes = 64 << 10
    calls = Scripted(4000, line_bytes)
    api = await serve(calls=calls)
    reader, writer = await asyncio.open_connection(*api.address, limit=line_bytes)
    body = orjson.dumps(QUERY)
    writer.write(
        b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (PATH.encode(), len(body))
    )
    writer.write(body)
    await reader.readuntil(b"\r\n\r\n")
    asked = -1
    while asked != sum(calls.asked):  # until nothing moves between two other requests
        asked = sum(calls.asked)
        for _ in range(20):
            await api.get("/health")
    writer.close()

    assert 0 < asked * line_bytes < 32 << 20  # of 256 MiB: the sockets' buffers and two pages


async def test_a_failure_before_the_first_byte_is_an_answer(serve):
    calls = Scripted(100, fail_at=0)
    calls.error = Unavailable("the reader starts")
    api = await serve(calls=calls)

    for path in (PATH, "/calls/query"):
        reply = await api.post(path, QUERY)
        assert (reply.status, reply.json) == (503, {"reason": "the reader starts"})


@pytest.mark.parametrize("error", [RuntimeError("a bug"), QueryTimeout("too slow")])
@pytest.mark.parametrize("path", [PATH, "/calls/query"])
async def test_a_failure_after_the_first_byte_resets_the_connection(serve, logged, path, error):
    calls = Scripted(100, fail_at=50)
    calls.error = error
    api = await serve(calls=calls)

    with pytest.raises(aiohttp.ClientError):
        await api.post(path, QUERY)
    bugs = api.telemetry.value("otel_bridge_unhandled_errors_total")
    assert bugs == (1 if isinstance(error, RuntimeError) else 0)
    assert [(event["event"], event["path"]) for event in logged] == [("api_stream_broken_off", path)]


async def test_a_client_that_leaves_is_no_error(serve):
    left = asyncio.get_running_loop().create_future()

    @web.middleware
    async def watch(request, handler):
        try:
            return await handler(request)
        except ConnectionError as error:
            left.set_result(error)
            raise

    calls = Scripted(4000, 64 << 10)
    api = await serve(calls=calls, middlewares=[watch])
    async with api.http.post(PATH, json=QUERY) as response:
        await response.content.readline()
        response.close()
    await asyncio.wait_for(left, 10)

    assert sum(calls.asked) < 4000
    assert api.telemetry.value("otel_bridge_unhandled_errors_total") == 0
