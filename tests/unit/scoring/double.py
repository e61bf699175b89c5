"""A bridge of one table, for what a real one cannot be made to do: be away, answer late, refuse."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from otel_bridge.model.scoring import EndedCall, Leased, Outcome, Task
from otel_bridge.model.tasks import Claimed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

PROJECT = "acme/app"


def ref(name: str) -> str:
    return f"weave:///{PROJECT}/object/{name}:{name}digest"


def a_task(call_id: str, scorer: str = "plain", **members: Any) -> Task:
    return Task(project_id=PROJECT, call_id=call_id, scorer_ref=ref(scorer), **members)


def a_call(call_id: str, **members: Any) -> dict[str, Any]:
    return {"id": call_id, "project_id": PROJECT, "op_name": "answer", "display_name": None,
            "inputs": {"question": "why"}, "output": call_id, "ended_at": "2026-11-01T00:00:01Z",
            "exception": None, "summary": {}} | members  # fmt: skip


class Desk:
    """What the double keeps; by path, `answers` are the next statuses and `instead` are whole routes."""

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, Any] = {}
        self.monitors: list[dict[str, Any]] = []
        self.queue: list[Task] = []
        self.attempts: Counter[Task] = Counter()
        self.ended: list[EndedCall] = []
        self.outcomes: list[Outcome] = []
        self.enqueued: list[Task] = []
        self.looked_at: list[EndedCall] = []
        self.renewed: Counter[Task] = Counter()
        self.answers: dict[str, list[int]] = {}
        self.instead: dict[str, Callable[[dict[str, Any]], Awaitable[bytes]]] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.changed = asyncio.Condition()

    async def until(self, condition) -> None:
        """Wait until something holds, with a bound that no machine is slow enough for."""
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(condition)

    def states(self) -> Counter[str]:
        return Counter(outcome.state for outcome in self.outcomes)

    def bodies(self, path: str) -> list[dict[str, Any]]:
        return [body for asked, body in self.asked if asked == path]

    def add(self, *tasks: Task) -> None:
        """Queue tasks, and make their calls."""
        for task in tasks:
            self.calls.setdefault(task.call_id, a_call(task.call_id))
            self.queue.append(task)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = msgspec.json.decode(await request.read())
        self.asked.append((request.path, body))
        statuses = self.answers.get(request.path)
        status = statuses.pop(0) if statuses else 200
        if status == 200:
            route = self.instead.get(request.path)
            answer = await (route(body) if route else ROUTES[request.path](self, body))
        else:
            answer = msgspec.json.encode({"reason": f"told to answer {status}"})
        async with self.changed:
            self.changed.notify_all()
        return web.Response(body=answer, status=status, content_type="application/json")

    async def lease(self, body: dict[str, Any]) -> bytes:
        if body["wait_seconds"] and not self._leasable(body) and not (self.ended and body["ended"]):
            await asyncio.sleep(0.02)
        leased = []
        for task in self._leasable(body):
            self.queue.remove(task)
            self.attempts[task] += 1
            leased.append(Leased(task=task, attempt=self.attempts[task], until=0))
        ended, self.ended = (self.ended, []) if body["ended"] else ([], self.ended)
        return msgspec.json.encode(Claimed(leased=tuple(leased), ended=tuple(ended)))

    def _leasable(self, body: dict[str, Any]) -> list[Task]:
        room = {task.scorer_ref: body["rooms"].get(task.scorer_ref, body["each"]) for task in self.queue}
        found = []
        for task in self.queue:
            if len(found) < body["limit"] and room[task.scorer_ref] > 0:
                room[task.scorer_ref] -= 1
                found.append(task)
        return found

    async def renew(self, body: dict[str, Any]) -> bytes:
        self.renewed.update(msgspec.convert(body["tasks"], list[Task]))
        return b'{"renewed":1}'

    async def settle(self, body: dict[str, Any]) -> bytes:
        self.outcomes += msgspec.json.decode(msgspec.json.encode(body["outcomes"]), type=list[Outcome])
        return msgspec.json.encode({"kept": len(body["outcomes"])})

    async def enqueue(self, body: dict[str, Any]) -> bytes:
        self.enqueued += msgspec.convert(body["tasks"], list[Task])
        self.looked_at += msgspec.convert(body["ended"], list[EndedCall])
        return b'{"queued":0}'

    async def stream_query(self, body: dict[str, Any]) -> bytes:
        names = body["filter"].get("op_names")
        found = [self.calls[one] for one in body["filter"]["call_ids"] if one in self.calls]
        found = [call for call in found if not names or call["op_name"] in names]
        return b"".join(msgspec.json.encode(call) + b"\n" for call in found)

    async def refs(self, body: dict[str, Any]) -> bytes:
        return msgspec.json.encode({"vals": [self.objects.get(one) for one in body["refs"]]})

    async def objects_of(self, _body: dict[str, Any]) -> bytes:
        return msgspec.json.encode({"objs": self.monitors})

    async def publish(self, body: dict[str, Any]) -> bytes:
        name = body["obj"]["object_id"]
        self.objects[ref(name)] = body["obj"]["val"]
        return msgspec.json.encode({"digest": f"{name}digest", "object_id": name})

    async def read_object(self, body: dict[str, Any]) -> bytes:
        return msgspec.json.encode({"obj": {"digest": f"{body['object_id']}digest"}})


ROUTES = {
    "/bridge/scoring/lease": Desk.lease,
    "/bridge/scoring/renew": Desk.renew,
    "/bridge/scoring/settle": Desk.settle,
    "/bridge/scoring/enqueue": Desk.enqueue,
    "/calls/stream_query": Desk.stream_query,
    "/refs/read_batch": Desk.refs,
    "/objs/query": Desk.objects_of,
    "/obj/create": Desk.publish,
    "/obj/read": Desk.read_object,
}


@asynccontextmanager
async def serving(desk: Desk) -> AsyncIterator[str]:
    """Serve a desk for the length of a block; yield its URL."""
    app = web.Application(client_max_size=1 << 30)
    app.router.add_post("/{path:.*}", desk.handle)
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()
