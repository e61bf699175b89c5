"""What a listener serves is replaced between two requests; connections stay."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

from otel_bridge.http.listener import open_listener
from otel_bridge.http.stage import Stage, ready

PATIENCE = 60.0


def an_app(answer: str, *, wait: asyncio.Event | None = None, came: asyncio.Event | None = None):
    """An application that answers the same to everything, once it may."""

    async def handler(request: web.Request) -> web.Response:
        body = await request.text()
        if came is not None:
            came.set()
        if wait is not None:
            await wait.wait()
        peer = request.transport.get_extra_info("peername")[1]
        return web.json_response({"answer": answer, "body": body, "connection": peer})

    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{tail:.*}", handler)
    return app


async def nothing() -> None:
    """Wait for nothing."""


@pytest.fixture
async def stage():
    return Stage(await ready(an_app("first")))


@pytest.fixture
async def http(stage):
    """A client of a listener that serves the stage, with one connection."""
    async with open_listener(stage, "127.0.0.1", 0, drain=nothing, http2=lambda _: b"") as bound:
        connector = aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(f"http://{bound}", connector=connector) as session:
            yield session


async def told(http, **more) -> dict:
    async with asyncio.timeout(PATIENCE), http.post("/", **more) as answer:
        return await answer.json()


async def test_another_application_answers_on_the_same_connection(http, stage):
    first = await told(http, data="a")
    before = stage.switch(await ready(an_app("second")))
    second = await told(http, data="b")
    assert (first["answer"], second["answer"], second["body"]) == ("first", "second", "b")
    assert first["connection"] == second["connection"]
    await before.empty()
    await before.close()


async def test_a_request_is_answered_by_whoever_began_it(http, stage):
    may, came = asyncio.Event(), asyncio.Event()
    stage.switch(await ready(an_app("slow", wait=may, came=came)))
    asking = asyncio.create_task(told(http, data="a"))
    async with asyncio.timeout(PATIENCE):
        await came.wait()
    slow = stage.switch(await ready(an_app("quick")))
    emptying = asyncio.create_task(slow.empty())
    await asyncio.sleep(0)
    assert not emptying.done()
    may.set()
    assert (await asking)["answer"] == "slow"
    async with asyncio.timeout(PATIENCE):
        await emptying
    await slow.close()
    assert (await told(http, data="b"))["answer"] == "quick"


async def test_limits_of_the_application_that_answers_count(http, stage):
    async def read(request: web.Request) -> web.Response:
        return web.Response(text=await request.text())

    tiny = web.Application(client_max_size=4)
    tiny.router.add_post("/", read)
    stage.switch(await ready(tiny))
    async with asyncio.timeout(PATIENCE), http.post("/", data="12345") as answer:
        assert answer.status == 413
