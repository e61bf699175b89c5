"""Calls, tasks and servers for scorers that ask over HTTP."""

from __future__ import annotations

import orjson
import pytest
from aiohttp import web

from otel_bridge.model.scoring import Task
from otel_bridge.scorer.catalogue import registered
from otel_bridge.scorer.settings import ScoringSettings
from otel_bridge.scoring.outgoing import open_outgoing
from tests.fixtures.fake_model import FakeModel

KEY = "sk-very-secret-1"
TASK = Task(project_id="me/proj", call_id="c1", scorer_ref="weave:///me/proj/object/mine:d1")
CALL = {
    "id": "c1",
    "project_id": "me/proj",
    "trace_id": "t1",
    "op_name": "reply",
    "inputs": {"question": "Where is it?", "self": "weave:///me/proj/object/model:d"},
    "output": "Please look again.",
    "started_at": "2026-06-08T12:00:00Z",
    "ended_at": "2026-06-08T12:00:01Z",
}
LINE = orjson.dumps(CALL)


def settings(scorers, **more):
    return ScoringSettings.model_validate({"scorers": scorers, **more})


def spec_of(scoring, name="mine"):
    return registered(scoring)[name]


@pytest.fixture
async def model(aiohttp_server):
    """A good model server that wants a key; `url` is its base URL."""
    fake = FakeModel(KEY)
    server = await aiohttp_server(fake.app())
    fake.url = str(server.make_url("/v1"))
    return fake


@pytest.fixture
async def answering(aiohttp_server):
    """A server that gives one answer to every request, and keeps what came."""

    async def start(**answer):
        requests = []

        async def handle(request):
            requests.append((request.path, request.headers.copy(), await request.read()))
            return web.Response(**answer)

        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/{tail:.*}", handle)
        server = await aiohttp_server(app)
        return str(server.make_url("/score")), requests

    return start


@pytest.fixture
def asking():
    """Apply a scorer to the call, as a worker does."""

    async def ask(score, scoring, spec, *, task=TASK, line=LINE, environ=None):
        async with open_outgoing(scoring, environ or {}) as outgoing:
            return await score(spec, line, task, outgoing)

    return ask
