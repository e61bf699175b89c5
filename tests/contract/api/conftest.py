"""The API on a real socket, over a store in memory."""

from __future__ import annotations

from contextlib import AsyncExitStack

import aiohttp
import pytest
import structlog
from aiohttp import web
from blockbuster import blockbuster_ctx

from otel_bridge.api.app import api_app
from otel_bridge.http.budget import ByteBudget
from otel_bridge.http.inflate import open_inflater
from otel_bridge.store.memory import MemoryStore
from otel_bridge.store.sqlite.reader import SqliteReader
from otel_bridge.store.sqlite.writer import SqliteWriter
from otel_bridge.telemetry import Telemetry
from tests.contract.api.annex import StoredCalls
from tests.contract.api.calls import InProcessCalls
from tests.contract.api.client import Api, Told


@pytest.fixture(autouse=True)
def the_loop_never_blocks():
    with blockbuster_ctx("otel_bridge"):
        yield


@pytest.fixture(autouse=True)
def logged():
    """The log events of the test."""
    with structlog.testing.capture_logs() as events:
        yield events


@pytest.fixture
async def serve():
    """Start APIs: `await serve(calls=…, health=…, …)`."""
    async with AsyncExitStack() as opened:
        inflater = await opened.enter_async_context(open_inflater())

        async def start(calls=None, **settings) -> Api:
            telemetry = Telemetry()
            calls = calls or InProcessCalls(MemoryStore())
            defaults = {"inflater": inflater, "budget": ByteBudget(64 << 20), "health": Told(ok=True)}
            app = api_app(calls, telemetry, **(defaults | settings))
            runner = web.AppRunner(
                app, auto_decompress=False, access_log=None, lingering_time=0.1, shutdown_timeout=0.1
            )
            await runner.setup()
            opened.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            http = await opened.enter_async_context(aiohttp.ClientSession(f"http://{host}:{port}"))
            return Api(http, (host, port), calls, telemetry)

        yield start


@pytest.fixture
async def api(serve) -> Api:
    return await serve()


@pytest.fixture
def stored_calls(tmp_path):
    """Calls in a SQLite file."""
    writer = SqliteWriter(tmp_path / "calls.db")
    reader = SqliteReader(tmp_path / "calls.db")
    yield StoredCalls(writer, reader)
    reader.close()
    writer.close()


@pytest.fixture(params=["memory", "sqlite"])
async def either_api(request, serve, stored_calls) -> Api:
    """The API over either store."""
    return await serve(calls=stored_calls if request.param == "sqlite" else None)


class Clock:
    """What the API takes for now, in microseconds: it stands until it is set."""

    def __init__(self) -> None:
        self.seconds = 1_767_323_045

    def __call__(self) -> int:
        return self.seconds * 1_000_000


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("otel_bridge.api.app._microseconds", clock)
    return clock


@pytest.fixture
async def timed_api(clock, either_api) -> Api:
    """The API over either store, at 2026-01-02T03:04:05Z by `clock`."""
    return either_api
