"""The calls that tasks are about, read many at a time: once for all scorers that want them together."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

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
"""All but `attributes`: rendering the span in there costs more than most scorers do."""

Key = tuple[str, str]
Line = bytes


class _Id(Struct, frozen=True):
    id: str


class _Shared:
    """One call while tasks that wait for it are held; `wanted` counts them."""

    def __init__(self) -> None:
        self.wanted = 0
        self.line: Line | None = None
        self.has_costs = False


_ID: Final = msgspec.json.Decoder(_Id)


class CallReader:
    """Reads calls as JSON lines, never parsing more than their ids."""

    def __init__(self, client: BridgeClient) -> None:
        self._client = client
        self._shared: dict[Key, _Shared] = {}
        self._bytes = 0
        self._reading: dict[tuple[Key, bool], asyncio.Future[Line | None]] = {}
        self._next: dict[tuple[str, bool], list[str]] = {}
        self._running: set[asyncio.Task[None]] = set()

    def expect(self, tasks: Iterable[Task]) -> None:
        """Say that these tasks will ask for their calls, which have to be as fresh as this moment."""
        for task in tasks:
            shared = self._shared.setdefault((task.project_id, task.call_id), _Shared())
            shared.wanted += 1
            self._drop(shared)

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

    async def read(self, task: Task, *, costs: bool = False) -> Line | None:
        """Return the call of a task as a line, None when there is none. Raise BridgeError.

        Those who ask in the same step of the event loop share one query.
        """
        key = (task.project_id, task.call_id)
        shared = self._shared.get(key)
        if shared is not None and shared.line is not None and shared.has_costs >= costs:
            return shared.line
        future = self._reading.get((key, costs))
        if future is None:
            future = self._reading[key, costs] = asyncio.get_running_loop().create_future()
            self._ask_soon(key, costs=costs)
        return await asyncio.shield(future)

    async def close(self) -> None:
        """Stop reading."""
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _ask_soon(self, key: Key, *, costs: bool) -> None:
        if not self._next:
            asyncio.get_running_loop().call_soon(self._ask_all)
        self._next.setdefault((key[0], costs), []).append(key[1])

    def _ask_all(self) -> None:
        asked, self._next = self._next, {}
        for (project, costs), ids in asked.items():
            for at in range(0, len(ids), MAX_QUERY_CALLS):
                work = self._ask(project, ids[at : at + MAX_QUERY_CALLS], costs=costs)
                running = asyncio.create_task(work)
                self._running.add(running)
                running.add_done_callback(self._running.discard)

    async def _ask(self, project: str, ids: Sequence[str], *, costs: bool) -> None:
        """Read calls and hand each to whoever waits for it."""
        body = {"project_id": project, "filter": {"call_ids": ids}, "columns": COLUMNS, "include_costs": costs}
        left = set(ids)
        trouble: BridgeError = Unavailable("the worker stops")
        try:
            async with aclosing(self._client.lines("/calls/stream_query", body)) as lines:
                async for line in lines:
                    call_id = _ID.decode(line).id
                    left.discard(call_id)
                    self._found((project, call_id), line, costs=costs)
            while left:
                self._found((project, left.pop()), None, costs=costs)
        except BridgeError as error:
            trouble = error
        except msgspec.MsgspecError as error:
            trouble = Unavailable(f"the bridge answered a line that is no call: {error}")
        finally:
            for call_id in left:
                self._failed((project, call_id), trouble, costs=costs)

    def _found(self, key: Key, line: Line | None, *, costs: bool) -> None:
        future = self._reading.pop((key, costs), None)
        if future is not None and not future.done():
            future.set_result(line)
        shared = self._shared.get(key)
        if line is None or shared is None or shared.wanted < 2:  # noqa: PLR2004 - nobody to share with
            return
        self._drop(shared)
        if self._bytes + len(line) <= MAX_SHARED_BYTES:
            shared.line, shared.has_costs = line, costs
            self._bytes += len(line)

    def _failed(self, key: Key, trouble: BridgeError, *, costs: bool) -> None:
        future = self._reading.pop((key, costs), None)
        if future is not None and not future.done():
            future.set_exception(trouble)
            future.exception()  # whoever waited may have gone

    def _drop(self, shared: _Shared) -> None:
        if shared.line is not None:
            self._bytes -= len(shared.line)
            shared.line = None
