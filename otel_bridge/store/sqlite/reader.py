"""Reads calls from the SQLite file, in any thread (`store.base.CallReader`)."""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import apsw
import msgspec
from msgspec.structs import replace

from otel_bridge.costs.defaults import DefaultPrices
from otel_bridge.costs.prices import Prices
from otel_bridge.errors import QueryTimeout
from otel_bridge.model.stats import StatsQuery
from otel_bridge.stats.answer import answer as statistics
from otel_bridge.stats.measure import Measured
from otel_bridge.store.annex.answers import answer
from otel_bridge.store.base import Plan
from otel_bridge.store.dumps import default_render, otel_span
from otel_bridge.store.lines import Line, render_line, wanted_columns
from otel_bridge.store.merge import Dump, DumpKind
from otel_bridge.store.sqlite import measuring, select
from otel_bridge.store.sqlite.annex import SqliteAnnexRows
from otel_bridge.store.sqlite.annex_reads import SqliteReads
from otel_bridge.store.sqlite.codec import SpanCodec, UnreadableSpan
from otel_bridge.store.sqlite.connection import open_reader, storage_trouble
from otel_bridge.store.sqlite.ids import unpack
from otel_bridge.store.sqlite.queries import QUERIES

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from otel_bridge.model.query import CallsQuery
    from otel_bridge.model.questions import Question
    from otel_bridge.stats.measure import Measure
    from otel_bridge.store.dumps import Render
    from otel_bridge.store.sqlite.fragments import Sql

READ_DEADLINE_SECONDS: Final = 5.0
"""No statement runs longer: while it runs, the log of recent writes cannot start over."""
_STEPS_BETWEEN_LOOKS: Final = 100_000
"""Instructions of SQLite's machine between two looks at the clock: about a millisecond."""
_TREES: Final = {"attributes": "b", "inputs": "b", "output": "r", "summary": "b"}
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
        self._render = render
        self._clock = clock
        self._closed = False
        self._idle = deque([open_reader(path, vfs=vfs)])
        self._codec = SpanCodec(self._find_dictionary)
        self._prices = DefaultPrices()

    def plan(self, query: CallsQuery, *, after: bytes | None = None) -> Plan:
        """Select the next part of the calls of `query`; raise QueryTimeout, ValueError for a bad sort."""
        walk = select.is_walk(query)
        if query.limit == 0:
            return Plan(())
        with self._reading() as connection:
            project = _project(connection, query.project_id)
            if project is None:
                return Plan(())
            if not walk:
                sql = select.all_at_once(query, project)
                return Plan(tuple(row[0] for row in connection.execute(sql.text, sql.args)))
            if after is None:
                watermark, found = _first(connection, query, project)
                return Plan(*select.cut(found, query.limit, watermark))
            place = select.place_of(after)
            sql = select.next_part(query, project, place)
            found = _rows(connection, sql)
            return Plan(*select.cut(found, place.left, place.watermark))

    def lines(self, query: CallsQuery, seqs: Sequence[int]) -> bytes:
        """Render these calls as JSONL, in this order; those that are gone are skipped."""
        wanted = wanted_columns(query.columns)
        statement = _lines_statement(wanted)
        rendered: list[bytes] = []
        for at in range(0, len(seqs), _RENDER_TOGETHER):
            asked = seqs[at : at + _RENDER_TOGETHER]
            with self._reading() as connection:
                args = (msgspec.json.encode(asked).decode(), query.project_id)
                rows = {row[0]: row[1:] for row in connection.execute(statement, args)}
            lines = (self._line(query.project_id, rows[seq]) for seq in asked if seq in rows)
            rendered += [render_line(line, wanted) for line in lines]
        return b"".join(rendered)

    def count(self, query: CallsQuery) -> int:
        """Count the calls that match the filter, up to the limit; raise QueryTimeout."""
        with self._reading() as connection:
            project = _project(connection, query.project_id)
            if project is None:
                return 0
            sql = select.counted(query, project)
            return int(connection.execute(sql.text, sql.args).get)

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
        if project is None:
            return Measured({}, {})
        return measuring.measure(self._reading, asked, project, self._clock)

    def close(self) -> None:
        """Close every connection; those in use are closed when their work is done."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _reading(self) -> Generator[apsw.Connection]:
        """Lend a connection, and bound what is done with it in time."""
        connection = self._borrow()
        deadline = self._clock() + READ_DEADLINE_SECONDS
        connection.set_progress_handler(lambda: self._clock() > deadline, _STEPS_BETWEEN_LOOKS)
        try:
            with storage_trouble():
                yield connection
        except apsw.InterruptError as error:
            text = f"the query took longer than {READ_DEADLINE_SECONDS:g} s; narrow it with a filter"
            raise QueryTimeout(text) from error
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

    def _line(self, project_id: str, row: tuple[Any, ...]) -> Line:
        (
            call_id, op_name, display_name, trace_id, parent_id, thread_id, turn_id, started_at, attributes,
            inputs, ended_at, exception, output, summary, wb_user_id, wb_run_id, wb_run_step, wb_run_step_end,
            flags, dump_kind, dump,
        ) = row  # fmt: skip
        return Line(
            id=unpack(call_id) or "",
            project_id=project_id,
            op_name=op_name,
            display_name=display_name,
            trace_id=unpack(trace_id) or "",
            parent_id=unpack(parent_id),
            thread_id=thread_id,
            turn_id=turn_id,
            started_at=started_at,
            attributes=attributes,
            inputs=inputs,
            ended_at=ended_at,
            exception=exception,
            output=output,
            summary=summary,
            wb_user_id=wb_user_id,
            wb_run_id=wb_run_id,
            wb_run_step=wb_run_step,
            wb_run_step_end=wb_run_step_end,
            flags=flags,
            otel_span=None if dump is None else self._otel_span(dump_kind, dump),
        )

    def _otel_span(self, kind: int, frame: bytes) -> bytes | None:
        if self._render is None:
            self._render = default_render()
        try:
            dump = Dump(DumpKind(kind), self._codec.unpack(frame))
        except (UnreadableSpan, ValueError):
            return b"null"
        return otel_span(dump, self._render)


def _project(connection: apsw.Connection, project_id: str) -> int | None:
    number: int | None = connection.execute(QUERIES["find_project"], (project_id,)).get
    return number


def _first(
    connection: apsw.Connection, query: CallsQuery, project: int
) -> tuple[int, list[tuple[int, int, str | bytes]]]:
    """Read the watermark and the first part from one snapshot."""
    sql = select.first_part(query, project)
    connection.execute("BEGIN")
    try:
        watermark: int = connection.execute(QUERIES["watermark"]).get
        return watermark, _rows(connection, sql)
    finally:
        connection.execute("ROLLBACK")


def _rows(connection: apsw.Connection, sql: Sql) -> list[Any]:
    return connection.execute(sql.text, sql.args).fetchall()


def _lines_statement(wanted: frozenset[str]) -> str:
    """Read of the bodies only what is wanted: NULL takes the place of the rest."""
    trees = {
        name: f"CAST({table}.{name} AS BLOB)" if name in wanted else "NULL" for name, table in _TREES.items()
    }
    exception = "b.exception" if "exception" in wanted else "NULL"
    dump = "r.dump_kind, r.dump" if "attributes" in wanted else "NULL, NULL"
    return f"""
        SELECT c.seq, c.id, c.op_name, c.display_name, c.trace_id, c.parent_id, c.thread_id, c.turn_id,
            c.started_at, {trees["attributes"]}, {trees["inputs"]}, c.ended_at, {exception},
            {trees["output"]}, {trees["summary"]}, c.wb_user_id, c.wb_run_id, c.wb_run_step,
            c.wb_run_step_end, c.flags, {dump}
        FROM json_each(?) AS asked
        CROSS JOIN calls AS c ON c.seq = asked.value
        LEFT JOIN bodies AS b ON b.seq = c.seq
        LEFT JOIN results AS r ON r.seq = c.seq
        WHERE c.project = (SELECT number FROM projects WHERE name = ?)
    """  # noqa: S608 - nothing but our own words
