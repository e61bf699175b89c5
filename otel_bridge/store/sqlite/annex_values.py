"""Values in feedback out of the SQLite file (`stats.payloads`), by many statements over few rows each.

SQLite finds the values inside the payloads and hands them on as one text for all rows of a statement: no row
costs Python more than the values in it. Payloads that are small lie in an index, in the order of their type
and time: of 100,000 rows the values are found in 30 ms, where reading the rows themselves takes 250.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.stats.payloads import (
    CUT,
    MAX_LIST_BYTES,
    MAX_SAMPLE_BYTES,
    MAX_SCALAR_BYTES,
    Sample,
    Stretch,
)
from otel_bridge.store.sqlite.fragments import Sql, joined
from otel_bridge.store.sqlite.readings import json_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    import apsw

    from otel_bridge.model.questions import AskPayloadSchema
    from otel_bridge.model.stats import FeedbackChoice, FeedbackMetric
    from otel_bridge.stats.payloads import Reading

ROWS_TOGETHER: Final = 5000
"""Rows looked at by one statement: some milliseconds."""
_MICROS: Final = 1_000_000
SMALL: Final = (
    """iif(octet_length(members -> '$.payload') <= 600, jsonb_extract(members, '$.payload'), NULL)"""
)
"""A payload that is small. The index `feedback_by_type` holds it, in these very words."""
_NUMBER: Final = "iif(json_type(members, ?) IN ('integer', 'real'), members -> ?, 'null')"
_TRUTH: Final = "iif(json_type(members, ?) IN ('true', 'false'), members -> ?, 'null')"
_CUT: Final = orjson.dumps(CUT).decode()
_CATEGORY: Final = f"""(CASE coalesce(json_type(members, ?), 'null')
    WHEN 'object' THEN 'null'
    WHEN 'null' THEN 'null'
    WHEN 'array' THEN iif(octet_length(members -> ?) > {MAX_LIST_BYTES}, '{_CUT}', members -> ?)
    ELSE iif(octet_length(members -> ?) > {MAX_SCALAR_BYTES}, '{_CUT}', members -> ?) END)"""
_LARGE: Final = {"numeric": _NUMBER, "boolean": _TRUTH, "categorical": _CATEGORY}
"""Of a payload that is not small nothing but the value is handed on, and no large one."""
_PAYLOAD: Final = f"""iif(octet_length(members -> '$.payload') <= {MAX_SAMPLE_BYTES},
    members -> '$.payload', 'null')"""


def values(connection: apsw.Connection, project: int, reading: Reading) -> Iterator[Stretch]:
    """Yield the values that were asked for, type after type."""
    for feedback_type in _types(connection, project, reading.choice):
        yield from _values_of(connection, project, feedback_type, reading)


def _values_of(
    connection: apsw.Connection, project: int, feedback_type: str, reading: Reading
) -> Iterator[Stretch]:
    of = Sql("WHERE project = ? AND feedback_type = ?", (project, feedback_type))
    start: int | None = reading.start
    while start is not None:
        end = _end(connection, of, start, reading.end)
        sql = _stretch(of, reading, start, reading.end if end is None else end)
        times, *texts = connection.execute(sql.text, sql.args).fetchall()[0]
        if times is not None:
            yield _in_time(orjson.loads(f"[{times}]"), [orjson.loads(f"[{text}]") for text in texts])
        start = end


def _end(connection: apsw.Connection, of: Sql, start: int, end: int) -> int | None:
    """Return a moment before which the next rows were given; None when there are few left."""
    source = Sql("SELECT created_at + 1 FROM feedback INDEXED BY feedback_by_type")
    which = Sql("ORDER BY created_at LIMIT 1 OFFSET ?", (ROWS_TOGETHER - 1,))
    sql = joined(" ", [source, of, _between(start, end), which])
    found: int | None = connection.execute(sql.text, sql.args).get
    return found


def _stretch(of: Sql, reading: Reading, start: int, end: int) -> Sql:
    picked = [Sql(f", group_concat({sql.text})", sql.args) for sql in map(_value, reading.metrics)]
    source = Sql("FROM feedback INDEXED BY feedback_by_type")
    pieces = [Sql("SELECT group_concat(created_at)"), *picked, source, of, _between(start, end)]
    return joined(" ", [*pieces, *_meant(reading.choice)])


def _between(start: int, end: int) -> Sql:
    return Sql("AND created_at >= ? AND created_at < ?", (start, end))


def _meant(choice: FeedbackChoice) -> Iterator[Sql]:
    """Say which rows are meant, beside their type."""
    for path, ref in (("$.trigger_ref", choice.trigger_ref), ("$.runnable_ref", choice.runnable_ref)):
        if ref is not None and ref.endswith(":*"):
            yield Sql("AND instr(members ->> ?, ?) = 1", (path, ref[:-1]))
        elif ref is not None:
            yield Sql("AND members ->> ? = ?", (path, ref))


def _value(metric: FeedbackMetric) -> Sql:
    large, inside = _LARGE[metric.value_type], json_path(metric.path)
    whole = json_path(("payload", *metric.path))
    text = f"iif({SMALL} IS NULL, {large}, coalesce({SMALL} -> ?, 'null'))"
    return Sql(text, (*[whole] * large.count("?"), inside))


def _in_time(times: list[int], columns: list[list[Any]]) -> Stretch:
    """Put a stretch in order, if it should not be."""
    if times == sorted(times):
        return Stretch(times, columns)
    order = sorted(range(len(times)), key=times.__getitem__)
    return Stretch([times[at] for at in order], [[column[at] for at in order] for column in columns])


def samples(connection: apsw.Connection, project: int, asked: AskPayloadSchema) -> Iterator[Sample]:
    """Yield the newest payloads, type after type."""
    for feedback_type in _types(connection, project, asked.choice):
        pieces = [
            Sql(f"SELECT {_PAYLOAD} FROM feedback"),  # noqa: S608 - our own words
            Sql("WHERE project = ? AND feedback_type = ?", (project, feedback_type)),
            _between(asked.start * _MICROS, asked.end * _MICROS),
            *_meant(asked.choice),
            Sql("ORDER BY created_at DESC LIMIT ?", (asked.sample,)),
        ]
        sql = joined(" ", pieces)
        for (payload,) in connection.execute(sql.text, sql.args):
            yield Sample(feedback_type, payload.encode())


def _types(connection: apsw.Connection, project: int, choice: FeedbackChoice) -> Iterator[str]:
    """Yield the types of feedback that there are, by steps along their index."""
    if choice.feedback_type is not None:
        yield choice.feedback_type
        return
    step = "SELECT min(feedback_type) FROM feedback WHERE project = ? AND feedback_type > ?"
    found: str | None = ""
    while (found := connection.execute(step, (project, found)).get) is not None:
        yield found
