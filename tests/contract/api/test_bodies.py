"""Request bodies: any Content-Type, compressed or not, up to 32 MiB (weave-api.md §0.3)."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from pathlib import Path

import orjson
import pytest

from otel_bridge.api.parts import MAX_QUERY_BYTES, MAX_WRITE_BYTES
from otel_bridge.http.budget import ByteBudget
from tests.contract.api.bodies import PROJECT, a_batch, start_item
from tests.contract.api.openapi import problems

BODY = orjson.dumps(a_batch(start_item(1)))
UPSERT = "/call/upsert_batch"


@pytest.mark.parametrize(
    "content_type",
    [None, "application/json", "text/plain", "application/x-protobuf", "multipart/form-data", "?"],
)
async def test_a_body_is_json_whatever_its_content_type_says(api, content_type):
    headers = {} if content_type is None else {"Content-Type": content_type}
    reply = await api.post(UPSERT, BODY, headers)

    assert reply.status == 200, reply.body
    assert await api.ids() == [1]


@pytest.mark.parametrize(
    ("coding", "compress"),
    [("gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)],
)
async def test_a_compressed_body_is_inflated(api, coding, compress):
    reply = await api.post(UPSERT, compress(BODY), {"Content-Encoding": coding})
    assert reply.status == 200

    query = orjson.dumps({"project_id": PROJECT})
    reply = await api.post("/calls/stream_query", compress(query), {"Content-Encoding": coding})
    assert len(reply.lines) == 1


async def test_an_unknown_coding_is_refused_with_those_that_are_known(api):
    reply = await api.post(UPSERT, BODY, {"Content-Encoding": "br"})

    assert reply.status == 400
    assert "unsupported Content-Encoding: br" in reply.json["reason"]
    assert reply.headers["Accept-Encoding"] == "gzip, deflate, zstd"


@pytest.mark.parametrize(
    "body",
    [b"", b"garbage", gzip.compress(BODY)[:-4], gzip.compress(BODY) + b"x"],
    ids=["nothing", "garbage", "cut short", "one byte more"],  # gzip holds the time: no name for every worker
)
async def test_broken_gzip_is_refused(api, body):
    reply = await api.post(UPSERT, body, {"Content-Encoding": "gzip"})

    assert reply.status == 400
    assert reply.json["reason"].startswith("gzip:")


def a_body_of(size: int) -> bytes:
    frame = orjson.dumps(a_batch(start_item(1, inputs={"text": ""})))
    return frame.replace(b'"text":""', b'"text":"%b"' % (b"x" * (size - len(frame))))


async def test_a_body_of_32_mib_is_kept(api):
    reply = await api.post(UPSERT, a_body_of(MAX_WRITE_BYTES))

    assert reply.status == 200
    assert await api.ids(columns=["id"]) == [1]


TOO_LARGE = {"reason": "Request too large"}


async def test_one_byte_more_is_too_large(api):
    reply = await api.post(UPSERT, a_body_of(MAX_WRITE_BYTES + 1))

    assert (reply.status, reply.json) == (413, TOO_LARGE)


async def test_a_bomb_is_too_large(api):
    bomb = gzip.compress(bytes(MAX_WRITE_BYTES + 1))
    assert len(bomb) < 100_000
    reply = await api.post(UPSERT, bomb, {"Content-Encoding": "gzip"})

    assert (reply.status, reply.json) == (413, TOO_LARGE)


async def test_a_body_of_too_many_parts_is_too_large(api):
    body = orjson.dumps(a_batch(start_item(1, inputs={"parts": []})))
    for count, status in ((999_990, 200), (1_000_000, 413)):
        full = body.replace(b"[]}", b"[%b[]]}" % (b"[]," * count))
        assert (await api.post(UPSERT, full)).status == status


async def test_questions_are_smaller(api):
    for path in ("/calls/stream_query", "/calls/query_stats", "/call/read", "/graphql"):
        reply = await api.post(path, b" " * (MAX_QUERY_BYTES + 1))
        assert (reply.status, reply.json) == (413, TOO_LARGE)


async def test_a_length_over_the_limit_is_refused_before_the_body_is_sent(api):
    reader, writer = await asyncio.open_connection(*api.address)
    writer.write(
        b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n" % UPSERT.encode()
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    body = await reader.readexactly(len(orjson.dumps(TOO_LARGE)))
    writer.close()

    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in head.lower()
    assert orjson.loads(body) == TOO_LARGE


async def test_without_room_in_the_budget_the_client_is_asked_to_come_again(serve):
    api = await serve(budget=ByteBudget(len(BODY) - 1))
    reply = await api.post(UPSERT, BODY)

    assert reply.status == 503
    assert reply.headers["Retry-After"] == "1"
    assert list(reply.json) == ["reason"]


async def test_the_budget_is_given_back(serve):
    api = await serve(budget=ByteBudget(2 * len(BODY)))
    for body in (BODY, b"{", BODY, b"x" * (2 * len(BODY) + 1), BODY):
        await api.post(UPSERT, body)

    assert (await api.post(UPSERT, BODY)).status == 200


def recorded() -> list[dict]:
    path = Path(__file__).parents[2] / "fixtures" / "weave" / "sdk-0.54.0.jsonl"
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


SCHEMAS = {UPSERT: "CallCreateBatchReq", "/calls/stream_query": "CallsQueryReq"}


async def test_what_an_sdk_sends_is_understood_and_answered(api):
    for request in recorded():
        path = request["path"]
        if path in SCHEMAS:
            assert problems(request["body"], SCHEMAS[path]) == []
        reply = await api.post(path, request["body"])
        assert reply.status == 200, reply.body
        if path == UPSERT:
            assert problems(reply.json, "CallCreateBatchRes") == []

    calls = await api.query(project_id="me/proj")
    assert len(calls) > 7
    assert [p for call in calls for p in problems(call, "CallSchema")] == []
    assert {call["summary"]["weave"]["status"] for call in calls} == {"success", "error"}
