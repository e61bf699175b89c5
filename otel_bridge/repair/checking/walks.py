"""The rules of a store's tables, and the walk through the rows that holds them to these."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
from google.protobuf.message import DecodeError
from msgspec import Struct
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from otel_bridge.repair.checking.findings import REINDEX, RESTORE, RETRANSLATE, Rule
from otel_bridge.store.merge import DumpKind
from otel_bridge.store.sqlite.codec import SpanCodec, UnreadableSpan
from otel_bridge.store.sqlite.ids import unpack
from otel_bridge.store.sqlite.queries import QUERIES, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import apsw

    from otel_bridge.repair.checking.findings import Tally

CHECKS: Final[Mapping[str, str]] = named(Path(__file__).with_name("checks.sql"))
ROWS: Final = 500
"""Rows that are looked at in one transaction: some milliseconds, beside a writer."""

_LOST: Final = f"the call cannot be shown; {RESTORE}, or erase it: otel-bridge erase --call ID"
_LEFT_OVER: Final = "nothing shows them; they take room, and go when a backup is restored"

QUICK: Final[Mapping[str, Rule]] = {
    "calls.no_project": Rule(what="calls are of no project", fix=_LOST),
    "calls.no_body": Rule(what="calls have no body", fix=_LOST),
    "calls.not_in_index": Rule(what="calls are not found by their id", fix=REINDEX, repair="reindex"),
    "bodies.no_call": Rule(what="bodies are of no call", fix=_LEFT_OVER),
    "results.no_call": Rule(what="results are of no call", fix=_LEFT_OVER),
    "refs.no_call": Rule(what="refs are of no call", fix=_LEFT_OVER),
    "feedback.no_project": Rule(what="feedbacks are of no project", fix=_LEFT_OVER),
    "feedback.no_call": Rule(
        what="feedbacks are about calls that are not here",
        fix="nothing to do where the calls were never sent here; they go with --retention",
        severity="note",
    ),
    "tasks.no_scorer": Rule(what="scoring tasks are of no project or scorer", fix=_LEFT_OVER),
    "tasks.no_call": Rule(
        what="scoring tasks are about calls that are not here",
        fix="nothing to do: they fail when they are tried, and go with --retention",
        severity="note",
    ),
}
"""Rules by the statement that finds what breaks them; the word before the point is the table."""
SLOW: Final[Mapping[str, Rule]] = {
    "calls.not_json": Rule(
        what="calls have inputs, output, attributes or a summary that are not JSON", fix=_LOST
    ),
    "feedback.not_json": Rule(what="feedbacks are not JSON", fix=_LEFT_OVER),
    "table_rows.not_json": Rule(what="rows of tables are not JSON", fix=RESTORE),
    "objects.not_json": Rule(what="objects are not JSON", fix=RESTORE),
}
"""Rules that need what is in the rows."""
FRAMES: Final[Mapping[str, Rule]] = {
    "calls.frames": Rule(what="calls have a span, or log records, that cannot be read", fix=RETRANSLATE),
    "waiting_logs.frames": Rule(
        what="log records that wait for their span cannot be read", fix="nothing to do: they are left out"
    ),
}
_KEYS: Final = {"calls": "seq", "bodies": "seq", "results": "seq", "refs": "seq"}
TABLES: Final = (
    "calls", "bodies", "results", "refs", "feedback", "tasks", "waiting_logs", "table_rows", "objects",
)  # fmt: skip


class Stretch(Struct, frozen=True):
    """Rows of a table: those behind `after`, up to `through`."""

    table: str
    after: int
    through: int

    @property
    def ends(self) -> dict[str, int]:
        """What statements are told."""
        return {"after": self.after, "through": self.through}


def stretches(connection: apsw.Connection, table: str) -> Iterator[Stretch]:
    """Yield all rows of a table, some at a time, each within a transaction of its own."""
    key, after = _KEYS.get(table, "number"), -1
    end = f"SELECT max({key}) FROM (SELECT {key} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT ?)"  # noqa: S608 - our own words
    while True:
        with connection:
            through = connection.execute(end, (after, ROWS)).get
            if through is None:
                return
            yield Stretch(table, after, through)
        after = through


class RowRules:
    """Holds rows to the rules of their table; `quick` looks at no bodies."""

    def __init__(self, connection: apsw.Connection, tally: Tally, *, quick: bool) -> None:
        self._connection = connection
        self._tally = tally
        self._rules = dict(QUICK) if quick else {**QUICK, **SLOW}
        self._frames = {} if quick else dict(FRAMES)
        self._codec = SpanCodec(lambda number: connection.execute(QUERIES["find_dictionary"], (number,)).get)

    def look(self, rows: Stretch) -> None:
        """Look at some rows."""
        prefix = f"{rows.table}."
        for name, rule in self._rules.items():
            if name.startswith(prefix):
                found = self._connection.execute(CHECKS[name], rows.ends).fetchall()
                self._tally.add(rule, [str(unpack(row[0])) for row in found])
        for name, rule in self._frames.items():
            if name.startswith(prefix):
                found = self._connection.execute(CHECKS[name], rows.ends).fetchall()
                self._tally.add(rule, [str(unpack(row[0])) for row in found if not self._is_readable(row)])

    def _is_readable(self, row: tuple[object, ...]) -> bool:
        _, kind, dump, logs = row
        return self._reads(dump, _READERS.get(kind)) and self._reads(logs, LogsData.FromString)  # type: ignore[call-overload]  # a number, unless it is damaged

    def _reads(self, frame: object, read: Callable[[bytes], object] | None) -> bool:
        if frame is None:
            return True
        try:
            if read is None or not isinstance(frame, bytes):
                return False
            read(self._codec.unpack(frame))
        except (UnreadableSpan, ValueError, DecodeError):
            return False
        return True


_READERS: Final[Mapping[int, Callable[[bytes], object]]] = {
    DumpKind.OTLP: TracesData.FromString,
    DumpKind.JSON: orjson.loads,
}
