"""Reading request bodies: bounded in bytes and in time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from msgspec import Struct

from otel_bridge.errors import InvalidRequest, RequestTooLarge, TooSlow
from otel_bridge.http.coding import content_coding

if TYPE_CHECKING:
    from aiohttp import StreamReader

    from otel_bridge.http.budget import Claim
    from otel_bridge.http.inflate import Inflater

BODY_SECONDS: Final = 30.0
_SMALL_PIECE_BYTES: Final = 4 * 1024
_GATHERED_BYTES: Final = 64 * 1024

_BROKEN: Final = (web.RequestPayloadError, HttpProcessingError, ConnectionError)


class BodyLimits(Struct, frozen=True, kw_only=True):
    """How large a body may be, on the wire and inflated alike, and how long it may take to arrive."""

    max_bytes: int
    seconds: float = BODY_SECONDS


async def read_body(
    request: web.Request, *, limits: BodyLimits, inflater: Inflater, claim: Claim | None = None
) -> bytes:
    """Read and inflate the whole body, holding what it takes of the budget behind `claim`.

    Raise InvalidRequest for an unknown coding or malformed data, RequestTooLarge over the limit (before
    reading where the length is announced), TooSlow past the deadline, Unavailable without room in the budget.
    After any of these the connection is best closed: `not request.content.is_eof()` tells.
    The server must run with `auto_decompress=False` (`contract/otlp-receiver.md` §0.5).
    """
    coding = content_coding(request.headers.getall("Content-Encoding", ()))
    announced = request.content_length
    if announced is not None:
        check_length(announced, limits)
        if claim is not None:
            claim.expect(announced)
    wire = await _read_wire(request.content, limits, claim)
    if coding is not None:
        return await inflater.inflate(wire, coding, max_bytes=limits.max_bytes, claim=claim)
    return wire[0] if len(wire) == 1 else b"".join(wire)


def check_length(size: int, limits: BodyLimits) -> None:
    """Raise RequestTooLarge for a body of this many bytes on the wire."""
    if size > limits.max_bytes:
        raise RequestTooLarge(f"the body is larger than {limits.max_bytes} bytes")


def _hold(size: int, limits: BodyLimits, claim: Claim | None) -> None:
    check_length(size, limits)
    if claim is not None:
        claim.grow_to(size)


async def _read_wire(stream: StreamReader, limits: BodyLimits, claim: Claim | None) -> list[bytes]:
    try:
        if stream.is_eof():  # the whole body came with the head: the usual case, without a timer
            piece = stream.read_nowait()
            _hold(len(piece), limits, claim)
            return [piece]
        async with asyncio.timeout(limits.seconds):
            return await _read_pieces(stream, limits, claim)
    except TimeoutError:
        raise TooSlow(f"the body did not arrive within {limits.seconds:g} seconds") from None
    except _BROKEN:
        raise InvalidRequest("the body is malformed or ends too early", field="body") from None


async def _read_pieces(stream: StreamReader, limits: BodyLimits, claim: Claim | None) -> list[bytes]:
    """Read to the end; small pieces are gathered, else their number could outgrow the budget."""
    pieces: list[bytes] = []
    gathered = bytearray()
    size = 0
    while piece := await stream.readany():
        size += len(piece)
        _hold(size, limits, claim)
        if len(piece) < _SMALL_PIECE_BYTES and pieces:
            gathered += piece
            if len(gathered) < _GATHERED_BYTES:
                continue
            piece = b""
        if gathered:
            pieces.append(bytes(gathered))
            gathered.clear()
        if piece:
            pieces.append(piece)
    if gathered:
        pieces.append(bytes(gathered))
    return pieces
