"""Both receivers on real sockets, before a `Consume` that remembers."""

from __future__ import annotations

from contextlib import AsyncExitStack

import aiohttp
import pytest
import structlog
from blockbuster import blockbuster_ctx

from otel_bridge.http.door import OPEN, Door
from otel_bridge.receiver.grpc import open_grpc
from otel_bridge.receiver.http import open_http
from otel_bridge.receiver.intake import open_intake
from otel_bridge.receiver.settings import ReceiverSettings
from otel_bridge.telemetry import Telemetry
from otel_bridge.testing import RecordingConsume
from tests.contract.receiver.client import Bridge


@pytest.fixture(autouse=True)
def no_blocking_calls():
    """Nothing of the bridge's may block the event loop."""
    with blockbuster_ctx("otel_bridge") as blocking:
        # gRPC's own machinery ends when its last object is collected, in whatever test that is.
        blocking.functions["threading.Lock.acquire"].can_block_in("threading.py", "_wait_for_tstate_lock")
        yield


@pytest.fixture
def logged():
    """The log events of the test."""
    with structlog.testing.capture_logs() as events:
        yield events


@pytest.fixture
async def serve():
    """Start bridges: `await serve(max_request_bytes=…, door=…)`; they stop with the test."""
    async with AsyncExitStack() as opened:

        async def start(*, door: Door = OPEN, grpc_door: Door | None = None, **settings) -> Bridge:
            consume = RecordingConsume()
            settings = ReceiverSettings(**settings)
            intake = await opened.enter_async_context(open_intake(consume, Telemetry(), settings))
            grpc = await opened.enter_async_context(open_grpc(intake, "127.0.0.1", 0, door=grpc_door or door))
            http = await opened.enter_async_context(
                open_http(intake, "127.0.0.1", 0, grpc_port=grpc.port, door=door)
            )
            session = await opened.enter_async_context(aiohttp.ClientSession())
            opened.callback(consume.let_go)
            return Bridge(consume, intake, session, (http.port, grpc.port))

        yield start


@pytest.fixture
async def bridge(serve) -> Bridge:
    return await serve()
