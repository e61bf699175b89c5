"""Reads calls from the SQLite file, in any thread (`store.base.CallReader`)."""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import apsw
import msgspec
from msgspec.structs import replace

from otel_bridge.costs.defaults import DefaultPrices
from otel_bridge.costs.prices import Prices
from otel_bridge.errors import QueryTimeout
from otel_bridge.model.stats import StatsQuery
from otel_bridge.query.clocks import asks_for_places
from otel_bridge.stats.answer import answer as statistics
from otel_bridge.stats.measure import Measured
from otel_bridge.store.annex.answers import answer
from otel_bridge.store.asked import order
from otel_bridge.store.base import Plan
from otel_bridge.store.extras import Extras, wants_extras
from otel_bridge.store.lines import render_line, wanted_columns
from otel_bridge.store.merge import DumpKind
from otel_bridge.store.sqlite import measuring, scan, select, weighing
from otel_bridge.store.sqlite import walk as walks
from otel_bridge.store.sqlite.annex import SqliteAnnexRows
from otel_bridge.store.sqlite.annex_reads import SqliteReads, trace_sizes
from otel_bridge.store.sqlite.codec import SpanCodec
from otel_bridge.store.sqlite.connection import open_reader, storage_trouble
from otel_bridge.store.sqlite.deadlines import READ_SECONDS, STATEMENT_SECONDS, StatementTimeout, too_long
from otel_bridge.store.sqlite.fragments import Sql
from otel_bridge.store.sqlite.queries import QUERIES
from otel_bridge.store.sqlite.rendering import RowReader, lines_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from otel_bridge.model.query import CallsQuery
    from otel_bridge.model.questions import Question
    from otel_bridge.stats.measure import Measure
    from otel_bridge.store.dumps import Render
    from otel_bridge.store.lines import Line
    from otel_bridge.store.sqlite.select import Search

_STEPS_BETWEEN_LOOKS: Final = 20_000
"""Instructions of SQLite's machine between two looks at the clock: some hundred microseconds."""
_RENDER_TOGETHER: Final = 100
"""Calls read by one statement while lines are rendered."""


class SqliteReader:
    """Reads the database at `path`; raise StartError when it cannot be opened.

    `render` turns an OTLP record into JSON, by default as the translator does; `clock` counts seconds.
    """

    def __init__(
        self,
        path: Path,
        *,
        render: Render | None = None,
        vfs: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._vfs = vfs
        self._clock = clock
        self._closed = False
        self._idle = deque([open_reader(path, vfs=vfs)])
        self._rows = RowReader(SpanCodec(self._find_dictionary), render)
        self._prices = DefaultPrices()

    def plan(self, query: CallsQuery, *, after: bytes | None = None) -> Plan:
        """Select the next part of the calls of `query`; raise QueryTimeout, UnknownField for a bad sort."""
        asked = self._search(query)
        if asked is None or query.limit == 0:
            return Plan(())
        if not asked.is_walk:
            return scan.everything(self, asked, self._clock)
        if after is not None:
            return scan.walk(self, asked, walks.place_of(after), self._clock)
        watermark = self.run(Sql(QUERIES["watermark"]))[0][0]
        place = walks.Place(watermark, None, "", query.limit, query.offset)
        return scan.walk(self, asked, place, self._clock)

    def lines(self, query: CallsQuery, seqs: Sequence[int]) -> bytes:
        """Render these calls as JSONL, in this order; those that are gone are skipped."""
        wanted = wanted_columns(query.columns)
        read = wanted | {"summary"} if query.include_costs else wanted
        statement = lines_statement(read, sizes=query.include_storage_size)
        rendered: list[bytes] = []
        for at in range(0, len(seqs), _RENDER_TOGETHER):
            asked = seqs[at : at + _RENDER_TOGETHER]
            with self._reading() as connection:
                args = (msgspec.json.encode(asked).decode(), query.project_id)
                rows = {row[0]: row[1:] for row in connection.execute(statement, args)}
            lines = [self._rows.line(query.project_id, rows[seq]) for seq in asked if seq in rows]
            if wants_extras(query):
                lines = self._with_extras(query, lines)
            rendered += [render_line(line, wanted) for line in lines]
        return b"".join(rendered)

    def _with_extras(self, query: CallsQuery, lines: list[Line]) -> list[Line]:
        with self._reading() as connection:
            sizes = partial(trace_sizes, connection, query.project_id)
            return Extras(query, SqliteAnnexRows(connection), self._prices, sizes).added(lines)

    def spans(self, project_id: str, seqs: Sequence[int]) -> bytes:
        """Return the stored spans of these calls, byte for byte, one after the other."""
        found: list[bytes] = []
        for at in range(0, len(seqs), _RENDER_TOGETHER):
            asked = msgspec.json.encode(seqs[at : at + _RENDER_TOGETHER]).decode()
            rows = self.run(Sql(QUERIES["spans"], (asked, project_id, DumpKind.OTLP)))
            found += self._rows.spans(frame for (frame,) in rows)
        return b"".join(found)

    def count(self, query: CallsQuery) -> int:
        """Count the calls of a query, up to the limit; raise QueryTimeout."""
        asked = self._search(query, counting=True)
        return 0 if asked is None else scan.count(self, asked, self._clock)

    def run(self, sql: Sql) -> list[Any]:
        """Run one statement (`scan.Table`); raise StatementTimeout."""
        with self._reading(STATEMENT_SECONDS, StatementTimeout) as connection:
            return connection.execute(sql.text, sql.args).fetchall()

    def passing(self, asked: Search, seqs: Sequence[int]) -> set[int]:
        """Let the reference decide about calls (`scan.Table`)."""
        with self._reading() as connection:
            return weighing.passing(connection, self._rows, asked, seqs)

    def ranked(self, asked: Search, seqs: Sequence[int]) -> list[tuple[tuple[Any, ...], int]]:
        """Return what the reference orders calls by (`scan.Table`)."""
        with self._reading() as connection:
            return weighing.ranked(connection, self._rows, asked, seqs)

    def _search(self, query: CallsQuery, *, counting: bool = False) -> Search | None:
        """Compile a query; None when nothing is known of its project."""
        order(query)
        found = self.run(Sql(QUERIES["find_project"], (query.project_id,)))
        if not found:
            return None
        project = found[0][0]
        misplaced = asks_for_places(query) and self.run(Sql(QUERIES["any_misplaced"], (project,)))[0][0]
        return select.search(query, project, any_misplaced=bool(misplaced), counting=counting)

    def answer(self, question: Question) -> bytes:
        """Answer a question; raise NotFound, QueryTimeout."""
        if isinstance(question, StatsQuery):
            with self._reading() as connection:
                own = SqliteAnnexRows(connection).prices(question.project_id)
            return statistics(question, self.measure, Prices(own, self._prices))
        with self._reading() as connection:
            return answer(SqliteReads(connection, self._first_seqs), question, self._prices)

    def _first_seqs(self, query: CallsQuery, limit: int) -> list[int]:
        query = replace(query, limit=limit)
        seqs: list[int] = []
        after: bytes | None = None
        while True:
            plan = self.plan(query, after=after)
            seqs += plan.seqs
            after = plan.after
            if after is None:
                return seqs

    def measure(self, asked: Measure) -> Measured:
        """Add up calls and their usage, bucket by bucket; raise QueryTimeout."""
        with self._reading() as connection:
            project = _project(connection, asked.project_id)
            misplaced, sampled = (
                bool(connection.execute(QUERIES[name], (project,)).get)
                for name in ("any_misplaced", "any_sampled")
            )
        if project is None:
            return Measured({}, {})
        reading = partial(self._reading, STATEMENT_SECONDS, StatementTimeout)
        return measuring.measure(
            reading, asked, project, self._clock, any_misplaced=misplaced, any_sampled=sampled
        )

    def close(self) -> None:
        """Close every connection; those in use are closed when their work is done."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _reading(
        self, seconds: float = READ_SECONDS, late: type[QueryTimeout] = QueryTimeout
    ) -> Generator[apsw.Connection]:
        """Lend a connection, and bound what is done with it in time; raise `late` when that is over."""
        connection = self._borrow()
        deadline = self._clock() + seconds
        connection.set_progress_handler(lambda: self._clock() > deadline, _STEPS_BETWEEN_LOOKS)
        try:
            with storage_trouble():
                yield connection
        except apsw.InterruptError as error:
            raise late(too_long(seconds)) from error
        finally:
            connection.set_progress_handler(None)
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    def _borrow(self) -> apsw.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return open_reader(self._path, vfs=self._vfs)

    def _find_dictionary(self, number: int) -> bytes | None:
        with self._reading() as connection:
            content: bytes | None = connection.execute(QUERIES["find_dictionary"], (number,)).get
        return content


def _project(connection: apsw.Connection, project_id: str) -> int | None:
    number: int | None = connection.execute(QUERIES["find_project"], (project_id,)).get
    return number
