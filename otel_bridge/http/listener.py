"""An HTTP/1.1 listener over an aiohttp application, with limits aiohttp leaves open."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from aiohttp import web
from msgspec import Struct

from otel_bridge.errors import StartError
from otel_bridge.http.doorman import Doorman
from otel_bridge.http.stage import Stage, ready
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Awaitable, Callable

ACCEPTS_A_TURN: Final = 128
"""How many connections asyncio takes before it looks elsewhere. It also logs this often, each second, when
the process has no descriptor left."""

BACKLOG: Final = 4096
"""How many connections the kernel lets wait; what comes on top is dropped and tries again after a second."""

LINGER_SECONDS: Final = 1.0
"""How long an answered client that still sends is read from, so that it sees the answer before the end."""

HANDSHAKE_SECONDS: Final = 10.0
"""For a TLS handshake, as for the head of a request."""

CLOSE_SECONDS: Final = 2.0
"""For writing the last answers, once every request is done."""


class ListenerLimits(Struct, frozen=True, kw_only=True):
    """Deadlines in seconds: for the first request's head, and between requests."""

    head_seconds: float = 10.0
    idle_seconds: float = 75.0


class Bound(Struct, frozen=True):
    """Where a listener listens, its port resolved."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@asynccontextmanager
async def open_listener(
    served: web.Application | Stage,
    host: str,
    port: int,
    *,
    drain: Callable[[], Awaitable[None]],
    http2: Callable[[str], bytes],
    limits: ListenerLimits = ListenerLimits(),  # noqa: B008 - frozen
    tls: ssl.SSLContext | None = None,
) -> AsyncGenerator[Bound]:
    """Serve an application, or what is on a stage, with `tls` over it; leaving closes both.

    First it stops accepting and awaits `drain()`. Bodies reach the handlers as they came
    (`auto_decompress=False`) and handlers are not cancelled when their client goes away. `http2` answers
    HTTP/2 clients, see `Doorman`. Raise StartError for an address that cannot be used.
    """
    stage = served if isinstance(served, Stage) else Stage(await ready(served))
    serve = _serving(stage, limits)
    runner = web.ServerRunner(serve, shutdown_timeout=CLOSE_SECONDS)
    await runner.setup()
    try:
        before = partial(Doorman, head_seconds=limits.head_seconds, http2=http2)
        server = await bind(lambda: before(serve()), host, port, tls=tls)
        try:
            address = server.sockets[0].getsockname()
            yield Bound(address[0], address[1])
        finally:
            server.close()
            await drain()
    finally:
        await runner.cleanup()
        await stage.close()


def _serving(stage: Stage, limits: ListenerLimits) -> web.Server:
    return web.Server(
        stage.handle,
        request_factory=stage.make_request,
        handler_cancellation=False,
        auto_decompress=False,
        lingering_time=LINGER_SECONDS,
        keepalive_timeout=limits.idle_seconds,
        access_log=None,
        logger=_quiet_logger(),
    )


async def bind(
    factory: Callable[[], asyncio.Protocol], host: str, port: int, *, tls: ssl.SSLContext | None = None
) -> asyncio.Server:
    """Listen on an address; raise StartError with a line for a person when that fails."""
    try:
        loop = asyncio.get_running_loop()
        deadline = None if tls is None else HANDSHAKE_SECONDS
        server = await loop.create_server(
            factory, host, port, backlog=ACCEPTS_A_TURN, ssl=tls, ssl_handshake_timeout=deadline
        )
    except OSError as error:
        raise cannot_listen(host, port, error) from error
    for listening in server.sockets:
        with socket.socket(fileno=os.dup(listening.fileno())) as same:
            same.listen(BACKLOG)
    return server


def cannot_listen(host: str, port: int, error: OSError) -> StartError:
    """Say why an address cannot be listened on."""
    where = Bound(host, port)
    if error.errno == errno.EADDRINUSE:
        return StartError(f"port {port} is busy: something else listens on {where}")
    return StartError(f"cannot listen on {where}: {error.strerror or error}")


class _Events(logging.Handler):
    """Turns aiohttp's log records into events of ours, without tracebacks for what clients do wrong."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if record.msg.startswith("Error handling request"):
            client = record.args[0] if isinstance(record.args, tuple) and record.args else None
            log().info("bad_http", client=client, reason=type(error).__name__)
        else:
            log().error("http_server_error", message=record.getMessage(), exc_info=error)


def _quiet_logger() -> logging.Logger:
    logger = logging.Logger("otel_bridge.http")  # noqa: LOG001 - not in the tree: only `_Events` is to hear it
    logger.addHandler(_Events())
    return logger
