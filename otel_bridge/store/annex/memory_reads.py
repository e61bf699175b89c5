"""The few looks at many calls that questions take, in memory (`annex.base.Reads`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from otel_bridge.store.annex.base import Turn, Used
from otel_bridge.store.annex.memory import MemoryAnnex
from otel_bridge.store.clocks import clock_flags, heard_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from otel_bridge.model.query import CallsQuery
    from otel_bridge.store.merge import Held
    from otel_bridge.store.scoring.memory import MemoryTasks

    Select = Callable[[CallsQuery], Sequence[tuple[str, str]]]


class MemoryReads(MemoryAnnex):
    """What `annex` and `scoring` hold, and calls with their arrivals; `select` gives keys of calls."""

    def __init__(
        self,
        annex: MemoryAnnex,
        scoring: MemoryTasks,
        calls: Mapping[tuple[str, str], tuple[Held, int]],
        select: Select,
    ) -> None:
        super().__init__()
        self.__dict__.update(annex.__dict__)
        self.scoring = scoring
        self._calls = {key: call for key, (call, _) in calls.items()}
        self._arrivals = {key: received_at for key, (_, received_at) in calls.items()}
        self._select = select

    def projects(self, limit: int) -> list[str]:
        """Return the names of projects that have calls."""
        return sorted({project_id for project_id, _ in self._calls})[:limit]

    def known_calls(self, project_id: str, call_ids: Sequence[str]) -> set[str]:
        """Return which of these ids are of calls that can be seen."""
        return {call.id for call in self._calls_of(project_id)}.intersection(call_ids)

    def turns(self, project_id: str, thread_ids: Sequence[str] | None) -> Iterator[Turn]:
        """Return the turns of threads."""
        for call in self._calls_of(project_id):
            wanted = thread_ids is None or call.thread_id in thread_ids
            if wanted and call.thread_id is not None and call.turn_id == (call.plain_id or call.id):
                arrived, started_at = self._arrivals[project_id, call.id], call.started_at or 0
                seen = heard_at(started_at, call.ended_at, arrived, clock_flags(started_at, arrived))
                yield Turn(call.thread_id, call.id, started_at, call.ended_at, seen)

    def used(self, query: CallsQuery, limit: int) -> list[Used]:
        """Return what the calls of a query used."""
        found = [self._calls[key] for key in self._select(query) if key in self._calls]
        return [_used(call) for call in found[:limit]]

    def trace_bytes(self, project_id: str) -> int:
        """Return how many bytes of JSON the calls of a project are."""
        return sum(map(size_of, self._calls_of(project_id)))

    def trace_sizes(self, project_id: str, traces: Sequence[str]) -> dict[str, int]:
        """Return the same of whole traces."""
        return trace_sizes(self._calls_of(project_id), traces)

    def _calls_of(self, project_id: str) -> list[Held]:
        return [call for (project, _), call in self._calls.items() if project == project_id]


def size_of(call: Held) -> int:
    """Count the bytes of JSON of a call."""
    return sum(len(tree or b"") for tree in (call.inputs, call.attributes, call.summary, call.output))


def trace_sizes(calls: Iterable[Held], traces: Sequence[str]) -> dict[str, int]:
    """Add up the bytes of JSON of traces."""
    sizes = dict.fromkeys(traces, 0)
    for call in calls:
        if call.trace_id in sizes:
            sizes[call.trace_id] += size_of(call)
    return sizes


def _used(call: Held) -> Used:
    summary = orjson.loads(call.summary) if call.summary else {}
    usage = summary.get("usage")
    return Used(
        id=call.id,
        plain_id=call.plain_id or call.id,
        parent_id=call.parent_id,
        trace_id=call.trace_id or "",
        started_at=call.started_at or 0,
        ended_at=call.ended_at,
        usage=None if usage is None else orjson.dumps(usage),
        is_span=call.dump is not None,
    )
