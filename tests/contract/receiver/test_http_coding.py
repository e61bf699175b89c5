"""Content codings (`contract/otlp-receiver.md` §5)."""

from __future__ import annotations

import gzip
import zlib

import pytest

from tests.contract.receiver.bodies import COMPRESS, JSON, PROTOBUF, TYPES, a_span, encode, raw_deflate
from tests.contract.receiver.client import connected, head

CUT = {coding: compress(encode(PROTOBUF))[:-3] for coding, compress in COMPRESS.items()}
ENDLESS = 1 << 30


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize(
    ("coding", "message"), [("gzip", "gzip: invalid header"), ("zstd", "zstd: invalid header")]
)
async def test_otlp_receiver_invalid_content_encoding(bridge, content_type, coding, message):
    """TestOTLPReceiverInvalidContentEncoding: a coding over plain data, answered in the request's type."""
    reply = await bridge.send(b'{"plain": 1}', content_type, headers={"Content-Encoding": coding})
    assert (reply.status, reply.type, reply.error) == (400, content_type, (3, message))


@pytest.mark.parametrize("coding", ["invalid", "gzip"])
async def test_otlp_receiver_no_content_type(bridge, coding):
    """TestOTLPReceiverNoContentType: a bad coding and no type is answered in JSON."""
    reply = await bridge.send(b'{"key": "value"}', None, headers={"Content-Encoding": coding})
    assert (reply.status, reply.type, reply.error[0]) == (400, JSON, 3)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip", "X-Gzip", "deflate", "Zstd"])
async def test_r04_codings_have_aliases_and_no_case(bridge, coding):
    name = coding.lower().removeprefix("x-")
    reply = await bridge.send(COMPRESS[name](encode(PROTOBUF)), headers={"Content-Encoding": coding})
    assert (reply.status, len(bridge.consume.spans)) == (200, 1)


async def test_http_content_decompression_handler_takes_bare_deflate(bridge):
    """TestHTTPContentDecompressionHandler: ValidDeflate and ValidZlib."""
    reply = await bridge.send(raw_deflate(encode(PROTOBUF)), headers={"Content-Encoding": "deflate"})
    assert (reply.status, len(bridge.consume.spans)) == (200, 1)


@pytest.mark.parametrize("coding", ["snappy", "lz4", "br", "gzip, gzip", "gzip, identity"])
async def test_http_content_decompression_handler_refuses_other_codings(bridge, coding):
    """TestHTTPContentDecompressionHandler: UnsupportedCompression."""
    reply = await bridge.send(encode(PROTOBUF), headers={"Content-Encoding": coding})
    assert (reply.status, reply.error[0]) == (400, 3)
    assert reply.error[1].startswith(f"unsupported Content-Encoding: {coding}; supported")
    assert reply.headers["Accept-Encoding"] == "gzip, deflate, zstd"


async def test_r03_two_content_encoding_headers_are_refused(bridge):
    body = gzip.compress(gzip.compress(encode(PROTOBUF)))
    two = head(len(body), Content_Encoding="gzip", content_encoding="gzip")
    async with connected(bridge.http_port) as raw:
        await raw.send(two + body)
        assert b" 400 " in await raw.head()
    assert bridge.consume.exports == []


async def test_r05_gzip_members_are_joined(bridge):
    body = encode(PROTOBUF, *map(a_span, range(1, 9)))
    members = gzip.compress(body[:40]) + gzip.compress(b"") + gzip.compress(body[40:])
    reply = await bridge.send(members, headers={"Content-Encoding": "gzip"})
    assert (reply.status, len(bridge.consume.spans)) == (200, 8)


@pytest.mark.parametrize("coding", COMPRESS)
async def test_r05_trailing_bytes_are_refused(bridge, coding):
    body = COMPRESS[coding](encode(PROTOBUF)) + b"more"
    reply = await bridge.send(body, headers={"Content-Encoding": coding})
    assert (reply.status, reply.error) == (400, (3, f"{coding}: bytes follow the end of the data"))


EDGES = {
    "OnlyEmpty_NoEncoding": (b"", None, 200),
    "OnlyEmpty_Gzip": (b"", "gzip", 400),
    "OnlyEmpty_Deflate": (b"", "deflate", 400),
    "OnlyEmpty_Zstd": (b"", "zstd", 400),
    "EmptySlice_Gzip": (gzip.compress(b""), "gzip", 200),
    "Mixed_NoEncoding": (encode(PROTOBUF), "", 200),
    "Mixed_Identity": (encode(PROTOBUF), "identity", 200),
    "Mixed_Snappy": (encode(PROTOBUF), "snappy", 400),
    "Zstd_GarbageBody": (b"garbage", "zstd", 400),
    "Gzip_TruncatedData": (CUT["gzip"], "gzip", 400),
    "Gzip_TruncatedTrailer": (gzip.compress(encode(PROTOBUF))[:-8], "gzip", 400),
    "Deflate_TruncatedData": (CUT["deflate"], "deflate", 400),
    "Zstd_TruncatedData": (CUT["zstd"], "zstd", 400),
    "Gzip_BadChecksum": (gzip.compress(encode(PROTOBUF))[:-8] + bytes(8), "gzip", 400),
}


@pytest.mark.parametrize(("body", "coding", "status"), EDGES.values(), ids=EDGES)
async def test_compression_algorithms_edge_cases(bridge, body, coding, status):
    """TestCompressionAlgorithmsEdgeCases."""
    reply = await bridge.send(body, headers={} if coding is None else {"Content-Encoding": coding})
    assert reply.status == status


@pytest.mark.parametrize("coding", COMPRESS)
@pytest.mark.parametrize("over", [0, 1])
async def test_decompressor_avoid_decompression_bomb(serve, coding, over):
    """TestDecompressorAvoidDecompressionBomb: the limit is read exactly, one byte more is refused."""
    body = encode(PROTOBUF)
    bridge = await serve(max_request_bytes=len(body) - over)
    reply = await bridge.send(COMPRESS[coding](body), headers={"Content-Encoding": coding})
    assert reply.status == (413 if over else 200)
    assert len(bridge.consume.exports) == 1 - over


def bomb() -> bytes:
    """Zeros of a gibibyte in a mebibyte."""
    stream = zlib.compressobj(wbits=31)
    zeros = bytes(1 << 20)
    return b"".join(stream.compress(zeros) for _ in range(ENDLESS >> 20)) + stream.flush()


async def test_a_bomb_is_refused_and_gives_its_bytes_back(bridge):
    reply = await bridge.send(bomb(), headers={"Content-Encoding": "gzip"})
    assert (reply.status, reply.error[0]) == (413, 8)
    assert bridge.intake.budget.used_bytes == 0


async def test_server_with_decompression(serve):
    """TestServerWithDecompression: a megabyte against a limit of 1,000 bytes."""
    bridge = await serve(max_request_bytes=1000)
    reply = await bridge.send(gzip.compress(bytes(1 << 20)), headers={"Content-Encoding": "gzip"})
    assert reply.status == 413


async def test_decompression_panic_recovery(bridge, monkeypatch):
    """TestDecompressionPanicRecovery: a decoder that throws does not end the server."""
    body = gzip.compress(encode(PROTOBUF))
    with monkeypatch.context() as patched:
        patched.setattr("otel_bridge.http.coding.Inflation.step", lambda *_: 1 / 0)
        assert (await bridge.send(body, headers={"Content-Encoding": "gzip"})).status == 503
    assert (await bridge.send(body, headers={"Content-Encoding": "gzip"})).status == 200
