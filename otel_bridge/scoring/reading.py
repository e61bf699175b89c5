"""The calls that tasks are about, read many at a time: once for all scorers that want them together."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from otel_bridge.errors import BridgeError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otel_bridge.model.scoring import Task
    from otel_bridge.scoring.client import BridgeClient

MAX_QUERY_CALLS: Final = 100
MAX_SHARED_BYTES: Final = 32 << 20
"""Of lines that are kept because another scorer wants the same call; those that do not fit are read again."""
COLUMNS: Final = (
    "id", "project_id", "trace_id", "parent_id", "thread_id", "turn_id", "op_name", "display_name",
    "started_at", "ended_at", "exception", "inputs", "output", "summary", "wb_user_id",
)  # fmt: skip
"""What every scorer gets to see."""


class Wants(Struct, frozen=True):
    """What a scorer looks at beside `COLUMNS`: rendering these costs more than most scorers do."""

    attributes: bool = False
    costs: bool = False

    def __le__(self, other: Wants) -> bool:
        return self.attributes <= other.attributes and self.costs <= other.costs


Line = bytes
Key = tuple[str, str, Wants]
Asked = dict[str, asyncio.Future[Line | None]]
"""Call id → who waits for it."""


class _Id(Struct, frozen=True):
    id: str


class _Shared:
    """One call while tasks that wait for it are held; `wanted` counts them."""

    def __init__(self) -> None:
        self.wanted = 0
        self.line: Line | None = None
        self.has = Wants()


_ID: Final = msgspec.json.Decoder(_Id)


class CallReader:
    """Reads calls as JSON lines, never parsing more than their ids."""

    def __init__(self, client: BridgeClient) -> None:
        self._client = client
        self._shared: dict[tuple[str, str], _Shared] = {}
        self._bytes = 0
        self._reading: dict[Key, asyncio.Future[Line | None]] = {}
        self._next: dict[tuple[str, Wants], Asked] = {}
        self._running: set[asyncio.Task[None]] = set()

    def expect(self, tasks: Iterable[Task]) -> None:
        """Say that these tasks will ask for their calls, which have to be as fresh as this moment."""
        for task in tasks:
            shared = self._shared.setdefault((task.project_id, task.call_id), _Shared())
            shared.wanted += 1
            self._drop(shared)
        self._reading = {  # what is under way may be older, what is not sent yet cannot
            (project, call_id, wants): future
            for (project, wants), asked in self._next.items()
            for call_id, future in asked.items()
        }

    def forget(self, task: Task) -> None:
        """Say that a task will not ask for its call again."""
        key = (task.project_id, task.call_id)
        shared = self._shared.get(key)
        if shared is None:
            return
        shared.wanted -= 1
        if shared.wanted <= 0:
            self._drop(shared)
            del self._shared[key]

    async def read(self, tasks: Sequence[Task], wants: Wants) -> list[Line | None]:
        """Return the calls of tasks as lines, None where there is none. Raise BridgeError.

        Those who ask in the same step of the event loop share their queries.
        """
        futures = [self._asked(task, wants) for task in tasks]
        if futures:
            await asyncio.wait(futures)  # which leaves them to others when we are cancelled
        return [future.result() for future in futures]

    def _asked(self, task: Task, wants: Wants) -> asyncio.Future[Line | None]:
        loop = asyncio.get_running_loop()
        shared = self._shared.get((task.project_id, task.call_id))
        if shared is not None and shared.line is not None and wants <= shared.has:
            known: asyncio.Future[Line | None] = loop.create_future()
            known.set_result(shared.line)
            return known
        key = (task.project_id, task.call_id, wants)
        if (future := self._reading.get(key)) is None:
            future = self._reading[key] = loop.create_future()
            if not self._next:
                loop.call_soon(self._ask_all)
            self._next.setdefault((task.project_id, wants), {})[task.call_id] = future
        return future

    async def close(self) -> None:
        """Stop reading."""
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _ask_all(self) -> None:
        asked, self._next = self._next, {}
        for (project, wants), futures in asked.items():
            waiting = list(futures.items())
            for at in range(0, len(waiting), MAX_QUERY_CALLS):
                part = dict(waiting[at : at + MAX_QUERY_CALLS])
                running = asyncio.create_task(self._ask(project, wants, part))
                self._running.add(running)
                running.add_done_callback(self._running.discard)

    async def _ask(self, project: str, wants: Wants, asked: Asked) -> None:
        """Read calls and hand each to whoever waits for it."""
        columns = (*COLUMNS, "attributes") if wants.attributes else COLUMNS
        body = {"project_id": project, "filter": {"call_ids": list(asked)}, "columns": columns,
                "include_costs": wants.costs}  # fmt: skip
        trouble: BridgeError = Unavailable("the worker stops")
        try:
            await self._take(body, project, wants, asked)
            while asked:
                call_id, future = asked.popitem()
                self._found((project, call_id, wants), future, None)
        except BridgeError as error:
            trouble = error
        except msgspec.MsgspecError as error:
            trouble = Unavailable(f"the bridge answered a line that is no call: {error}")
        finally:
            for call_id, future in asked.items():
                self._read((project, call_id, wants), future)
                if not future.done():
                    future.set_exception(trouble)
                    future.exception()  # whoever waited may have gone

    async def _take(self, body: dict[str, Any], project: str, wants: Wants, asked: Asked) -> None:
        async with aclosing(self._client.lines("/calls/stream_query", body)) as lines:
            async for line in lines:
                call_id = _ID.decode(line).id
                if (future := asked.pop(call_id, None)) is not None:
                    self._found((project, call_id, wants), future, line)

    def _found(self, key: Key, future: asyncio.Future[Line | None], line: Line | None) -> None:
        fresh = self._read(key, future)
        if not future.done():
            future.set_result(line)
        shared = self._shared.get(key[:2])
        if not fresh or line is None or shared is None or shared.wanted < 2:  # noqa: PLR2004 - nobody to share with
            return
        self._drop(shared)
        if self._bytes + len(line) <= MAX_SHARED_BYTES:
            shared.line, shared.has = line, key[2]
            self._bytes += len(line)

    def _read(self, key: Key, future: asyncio.Future[Line | None]) -> bool:
        """Note that a call is no longer being read; tell whether nobody asked for a fresher one meanwhile."""
        if self._reading.get(key) is not future:
            return False
        del self._reading[key]
        return True

    def _drop(self, shared: _Shared) -> None:
        if shared.line is not None:
            self._bytes -= len(shared.line)
            shared.line = None
