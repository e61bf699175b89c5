"""The few looks at many calls that questions take, over one connection (`store.annex.base.Reads`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from otel_bridge.store.annex.base import Turn, Used
from otel_bridge.store.clocks import heard_at
from otel_bridge.store.sqlite.annex import SqliteAnnexRows
from otel_bridge.store.sqlite.ids import unpack
from otel_bridge.store.sqlite.queries import QUERIES
from otel_bridge.store.sqlite.scoring_reads import SqliteTaskReads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import apsw

    from otel_bridge.model.query import CallsQuery

    Select = Callable[[CallsQuery, int], Sequence[int]]


class SqliteReads(SqliteAnnexRows):
    """`annex.base.Reads`; `select` gives the sequence numbers of the calls of a query, so many at most."""

    def __init__(self, connection: apsw.Connection, select: Select) -> None:
        super().__init__(connection)
        self.scoring = SqliteTaskReads(connection)
        self._select = select

    def projects(self, limit: int) -> list[str]:
        """Return the names of projects that have calls."""
        return [name for (name,) in self._connection.execute(QUERIES["projects_with_calls"], (limit,))]

    def known_calls(self, project_id: str, call_ids: Sequence[str]) -> set[str]:
        """Return which of these ids are of calls that can be seen."""
        return {
            call_id
            for (call_id,) in self._of("known_calls", project_id, msgspec.json.encode(call_ids).decode())
        }

    def turns(self, project_id: str, thread_ids: Sequence[str] | None) -> Iterator[Turn]:
        """Return the turns of threads."""
        if thread_ids is None:
            found = self._each("turns", project_id)
        else:
            found = self._each("turns_of", project_id, msgspec.json.encode(thread_ids).decode())
        for thread_id, stored, *times in found:
            started_at, ended_at, received_at, flags = times
            heard = heard_at(started_at, ended_at, received_at, flags)
            yield Turn(thread_id, unpack(stored) or "", started_at, ended_at, heard)

    def used(self, query: CallsQuery, limit: int) -> list[Used]:
        """Return what the calls of a query used."""
        seqs = self._select(query, limit)
        found = self._of("used", query.project_id, msgspec.json.encode(seqs).decode())
        return [
            Used(
                id=unpack(call_id) or "",
                plain_id=unpack(plain_id) or "",
                parent_id=unpack(parent_id),
                trace_id=unpack(trace_id) or "",
                started_at=started_at,
                ended_at=ended_at,
                usage=usage,
                is_span=bool(is_span),
            )
            for call_id, plain_id, parent_id, trace_id, started_at, ended_at, usage, is_span in found
        ]

    def trace_bytes(self, project_id: str) -> int:
        """Return how many bytes of JSON the calls of a project are."""
        found = self._of("trace_bytes", project_id)
        return int(found[0][0]) if found else 0

    def trace_sizes(self, project_id: str, traces: Sequence[str]) -> dict[str, int]:
        """Return the same of whole traces."""
        return trace_sizes(self._connection, project_id, traces)


def trace_sizes(connection: apsw.Connection, project_id: str, traces: Sequence[str]) -> dict[str, int]:
    """Add up the bytes of JSON of traces."""
    args = (project_id, msgspec.json.encode(traces).decode())
    found: list[Any] = connection.execute(QUERIES["trace_sizes"], args).fetchall()
    return {unpack(trace_id) or "": size for trace_id, size in found}
