"""Reads the rows of calls as lines: the statement that fetches them, and what becomes of a row."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.store.dumps import default_render, otel_span
from otel_bridge.store.lines import Line
from otel_bridge.store.merge import Dump, DumpKind
from otel_bridge.store.sqlite.codec import UnreadableSpan
from otel_bridge.store.sqlite.ids import unpack
from otel_bridge.store.sqlite.rows import unpacked_logs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otel_bridge.store.dumps import Render
    from otel_bridge.store.sqlite.codec import SpanCodec

_TREES: Final = {"attributes": "b", "inputs": "b", "output": "r", "summary": "b"}

SIZE: Final = """(
    coalesce(octet_length(b.inputs), 0) + coalesce(octet_length(b.attributes), 0)
    + coalesce(octet_length(b.summary), 0) + coalesce(octet_length(r.output), 0)
)"""
"""Bytes of JSON of a call."""


def lines_statement(wanted: frozenset[str], *, dumps: bool = True, sizes: bool = False) -> str:
    """Read calls by a JSON array of sequence numbers: of the bodies what is wanted, NULL for the rest."""
    trees = {
        name: f"CAST({table}.{name} AS BLOB)" if name in wanted else "NULL" for name, table in _TREES.items()
    }
    exception = "b.exception" if "exception" in wanted else "NULL"
    dump = "r.dump_kind, r.dump, r.logs" if dumps and "attributes" in wanted else "NULL, NULL, NULL"
    size = SIZE if sizes else "NULL"
    return f"""
        SELECT c.seq, c.id, c.op_name, c.display_name, c.trace_id, c.parent_id, c.thread_id, c.turn_id,
            c.started_at, {trees["attributes"]}, {trees["inputs"]}, c.ended_at, {exception},
            {trees["output"]}, {trees["summary"]}, c.wb_user_id, c.wb_run_id, c.wb_run_step,
            c.wb_run_step_end, c.flags, {dump}, {size}, c.received_at
        FROM json_each(?) AS asked
        CROSS JOIN calls AS c ON c.seq = asked.value
        LEFT JOIN bodies AS b ON b.seq = c.seq
        LEFT JOIN results AS r ON r.seq = c.seq
        WHERE c.project = (SELECT number FROM projects WHERE name = ?)
    """  # noqa: S608 - nothing but our own words


KNOWN_SPANS: Final = 2048
"""Rendered spans that are remembered, by the frame they are rendered from: some 10 MB."""
KNOWN_SPAN_BYTES: Final = 16 << 10
"""Longer ones are rendered anew."""


class RowReader:
    """Turns rows of `lines_statement` into lines; `render` None is the translator's."""

    def __init__(self, codec: SpanCodec, render: Render | None) -> None:
        self._codec = codec
        self._render = render
        self._known: dict[tuple[bytes, bytes | None], bytes] = {}

    def line(self, project_id: str, row: tuple[Any, ...]) -> Line:
        """Read a row, without its first column."""
        (
            call_id, op_name, display_name, trace_id, parent_id, thread_id, turn_id, started_at, attributes,
            inputs, ended_at, exception, output, summary, wb_user_id, wb_run_id, wb_run_step, wb_run_step_end,
            flags, dump_kind, dump, logs, size, received_at,
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
            otel_span=None if dump is None else self._otel_span(dump_kind, dump, logs),
            received_at=received_at,
            storage_size_bytes=size,
        )

    def spans(self, packed: Iterable[bytes]) -> Iterator[bytes]:
        """Unpack spans; those that cannot be read are left out."""
        for frame in packed:
            with suppress(UnreadableSpan):
                yield self._codec.unpack(frame)

    def _otel_span(self, kind: int, frame: bytes, logs: bytes | None) -> bytes | None:
        """Render a span, or remember it: the newest calls are asked for again and again."""
        known = self._known.get((frame, logs))
        if known is not None:
            return known
        span = self._rendered(kind, frame, logs)
        if span is not None and len(span) <= KNOWN_SPAN_BYTES:
            if len(self._known) >= KNOWN_SPANS:
                self._known.clear()
            self._known[frame, logs] = span
        return span

    def _rendered(self, kind: int, frame: bytes, logs: bytes | None) -> bytes | None:
        if self._render is None:
            self._render = default_render()
        try:
            dump = Dump(DumpKind(kind), self._codec.unpack(frame))
        except (UnreadableSpan, ValueError):
            return b"null"
        return otel_span(dump, self._render, unpacked_logs(logs, self._codec))
