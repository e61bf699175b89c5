"""The first bytes of a connection, before aiohttp has it: a deadline for the head, and HTTP/2 sent away.

One look at the first read of each connection; the rest goes to aiohttp directly (`set_protocol`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What every HTTP/2 client says first (RFC 9113 §3.4)."""

_HEAD_END: Final = b"\r\n\r\n"
_LONGEST_TAIL: Final = len(_HEAD_END) - 1


def sent_away(text: str) -> bytes:
    """Write the HTTP/1.1 answer for a client that speaks HTTP/2.

    gRPC clients then say "Trying to connect an http1.x server (HTTP status 400)" and wait before they come
    again; an HTTP/2 GOAWAY instead makes them connect hundreds of times a second (measured, grpcio 1.85).
    """
    body = f"400 {text}\n".encode()
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


class Doorman(asyncio.Protocol):
    """Stands before `inner` until the head of the first request is complete, `head_seconds` at most.

    `http2` is called with the client's address for an HTTP/2 preface; what it returns is sent, then the
    connection ends.
    """

    def __init__(
        self, inner: asyncio.Protocol, *, head_seconds: float, http2: Callable[[str], bytes]
    ) -> None:
        self._inner = inner
        self._head_seconds = head_seconds
        self._http2 = http2
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Show the connection to aiohttp, which starts its idle timer."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "set_protocol")
        self._transport = transport  # type: ignore[assignment] # uvloop's is no subclass
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Pass bytes on, and leave once they hold the end of a head."""
        transport = self._transport
        assert transport is not None
        if not self._tail and data.startswith(PREFACE[:16]):
            peer = transport.get_extra_info("peername")
            transport.write(self._http2(peer[0] if peer else ""))
            transport.close()
            return
        if _HEAD_END in self._tail + data:
            self._leave(transport)
        else:
            self._tail = (self._tail + data)[-_LONGEST_TAIL:]
            if self._deadline is None:
                loop = asyncio.get_running_loop()
                self._deadline = loop.call_later(self._head_seconds, transport.close)
        self._inner.data_received(data)

    def _leave(self, transport: asyncio.Transport) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        transport.set_protocol(self._inner)

    def eof_received(self) -> bool | None:
        """Pass the end of the client's bytes on."""
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass the end of the connection on."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass on."""
        self._inner.resume_writing()
