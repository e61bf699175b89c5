"""Reads fields in SQL as `query.values` reads them in Python: of `calls AS c`, `bodies AS b`, `results AS r`.

None stands for a reading that is left to the reference. The property tests hold the two together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from otel_bridge.model import query as q
from otel_bridge.model.query import OWN_COLUMNS
from otel_bridge.query.fields import INSTANTS, INTEGERS, MULTIPLE, QUEUE_ID
from otel_bridge.query.values import MAX_NUMBER_CHARACTERS, Kind
from otel_bridge.store import clocks
from otel_bridge.store.sqlite.fragments import Sql
from otel_bridge.store.trees import THRESHOLD_BITS, Flag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TREES: Final[Mapping[q.JsonRoot, str]] = {
    "inputs": "b.inputs",
    "attributes": "b.attributes",
    "summary": "b.summary",
    "output": "r.output",
}
"""Where each tree lies."""

OBJECTS: Final = frozenset({"inputs", "attributes", "summary"})
"""Trees that are objects wherever they are: their text is the text that is stored."""

MISPLACED: Final = f"((c.flags & {clocks.MISPLACED}) <> 0)"
"""Whether a call is listed where it arrived; the index `misplaced_calls` is over these calls."""
PLACED: Final = f"((c.flags & {clocks.MISPLACED}) = 0)"
"""Whether it is listed at its start."""
HAPPENED_AT: Final = f"iif(c.flags & {Flag.MISDATED}, c.received_at, c.started_at)"
"""When a call started as far as one can tell."""
WEIGHT: Final = f"({1 << THRESHOLD_BITS}.0 / ({1 << THRESHOLD_BITS} - c.flags / {Flag.SAMPLED}))"
"""How many calls one stands for, itself included."""

_ID_TEXT: Final = "iif(typeof({0}) = 'blob', lower(hex({0})), {0})"
_NOWHERE: Final = frozenset({"deleted_at", "expire_at", QUEUE_ID})
_COLUMNS: Final[Mapping[str, str]] = {
    "project_id": "(SELECT p.name FROM projects AS p WHERE p.number = c.project)",
    "exception": "b.exception",
    "listed_at": f"iif({MISPLACED}, c.received_at, c.started_at)",
    "happened_at": HAPPENED_AT,
    **{name: _ID_TEXT.format(f"c.{name}") for name in ("id", "trace_id", "parent_id")},
}

HAS_EXCEPTION: Final = f"((c.flags & {Flag.HAS_EXCEPTION}) <> 0)"
"""The index `failed_calls` is over the calls for which this holds, in these very words."""
FAILED: Final = f"({HAS_EXCEPTION} AND (c.flags & {Flag.FAILED}) <> 0)"
"""Whether the status is `error`."""
NO_RUN: Final = f"((c.flags & {Flag.SCORES}) = 0)"
"""Whether a call is no run of a scorer; the indexes by start have it."""
_STATUS: Final = f"""(CASE
    WHEN c.flags & {Flag.FAILED} THEN 'error'
    WHEN c.ended_at IS NULL THEN 'running'
    WHEN c.flags & {Flag.CHILD_ERRORS} THEN 'descendant_error'
    ELSE 'success' END)"""
LATENCY: Final = "((c.ended_at - c.started_at + 1000000000000000000) / 1000 - 1000000000000000)"
"""Milliseconds rounded down, also where the end lies before the start: SQLite rounds towards zero, and no two
times are 10^18 microseconds apart. The index `slowest_roots` is over these very words."""
_TRACE_NAME: Final = """(CASE
    WHEN c.display_name <> '' THEN c.display_name
    WHEN c.op_name GLOB 'weave:///*' THEN trace_name(c.op_name)
    ELSE c.op_name END)"""

_REMARK: Final = """(SELECT f.members -> ? FROM feedback AS f
    WHERE f.project = c.project AND f.call_id = c.id AND f.feedback_type = ?
        AND f.weave_ref NOT GLOB 'weave:///*/*/call/*/*'
    ORDER BY f.number DESC LIMIT 1)"""
"""Feedback on the call itself, not on a place in it. The limit of none in the statement around it keeps
SQLite from looking it up wherever it is named."""

_IS_NUMBER: Final = f"""(length({{0}}) <= {MAX_NUMBER_CHARACTERS} AND {{0}} GLOB '[-0-9]*'
    AND substr({{0}}, -1) GLOB '[0-9]' AND instr({{0}}, char(0)) = 0 AND json_valid({{0}}))"""
_IS_FINITE: Final = "({0} + 0.0 BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308)"
_WHOLE: Final = """(CASE typeof({0})
    WHEN 'integer' THEN {0}
    WHEN 'real' THEN iif({0} >= -9223372036854775808.0 AND {0} < 9223372036854775808.0
        AND {0} = CAST({0} AS INTEGER), CAST({0} AS INTEGER), NULL) END)"""
_EXACT_CHARACTERS: Final = 17
"""SQLite may read a longer number as the neighbour of the nearest floating point number."""
_NUMBER: Final = f"iif(length({{0}}) <= {_EXACT_CHARACTERS}, json_extract({{0}}, '$'), long_number({{0}}))"
_IN_TEXT: Final = f"(SELECT {{1}} FROM (SELECT iif({{2}}, {_NUMBER}, NULL) AS n))"  # noqa: S608 - our own words


def reading(field: q.Field, kind: Kind) -> Sql | None:
    """Read a field as `kind`."""
    match field:
        case q.Column(name=name):
            return _column(name, kind)
        case q.JsonField(root=root, path=path):
            return json_reading(TREES[root], path, kind)
        case q.Derived(name="latency_ms"):
            return _integer(LATENCY, kind)
        case q.Derived(name=name):
            return _text(_STATUS if name == "status" else _TRACE_NAME, kind)
        case q.FeedbackField():
            return _remark_reading(field, kind)
        case _:
            assert_never(field)


def remark(field: q.FeedbackField) -> Sql | None:
    """Return the JSON at a place of the newest feedback of a type; None for types that come in numbers."""
    member = (field.member, *field.path) if field.member == "payload" else (field.member,)
    place = json_path(member)
    if place is None or field.feedback_type in MULTIPLE:
        return None
    return Sql(_REMARK, (place, field.feedback_type))


def _remark_reading(field: q.FeedbackField, kind: Kind) -> Sql | None:
    found, read = remark(field), json_reading("m", (), kind)
    if found is None or read is None:
        return None
    text = f"(SELECT {read.text} FROM (SELECT {found.text} AS m LIMIT -1))"  # noqa: S608 - our own words
    return Sql(text, read.args + found.args)


def plain_column(name: str) -> str:
    """Return what a plain column is sorted by: ids as they are stored."""
    return _COLUMNS[name] if name in OWN_COLUMNS and name in _COLUMNS else f"c.{name}"


def json_path(path: Sequence[str | int]) -> str | None:
    """Write a path for SQLite; None for a key whose text in JSON is not the key itself."""
    steps = ["$"]
    for step in path:
        if isinstance(step, int):
            steps.append(f"[{step}]")
        elif step.isprintable() and not {'"', "\\"} & set(step):
            steps.append(f'."{step}"')
        else:
            return None
    return "".join(steps)


def _column(name: str, kind: Kind) -> Sql | None:
    if name in _NOWHERE:
        return Sql("0" if kind is Kind.EXISTS else "NULL")
    column = _COLUMNS.get(name, f"c.{name}")
    if name == "exception" and kind is Kind.EXISTS:
        return Sql(HAS_EXCEPTION)
    if name in INSTANTS:
        return _instant(column, kind)
    return _integer(column, kind) if name in INTEGERS else _text(column, kind)


def _instant(column: str, kind: Kind) -> Sql | None:
    match kind:
        case Kind.INSTANT:
            return Sql(column)
        case Kind.EXISTS:
            return Sql(f"({column} IS NOT NULL)")
        case _:
            return None


def _integer(value: str, kind: Kind) -> Sql | None:
    match kind:
        case Kind.INTEGER | Kind.NUMBER | Kind.BOOL:
            return Sql(value)
        case Kind.DOUBLE:
            return Sql(f"CAST({value} AS REAL)")
        case Kind.TEXT:
            return Sql(f"CAST({value} AS TEXT)")
        case Kind.EXISTS:
            return Sql(f"({value} IS NOT NULL)")
        case Kind.INSTANT:
            return None


def _text(value: str, kind: Kind) -> Sql | None:
    match kind:
        case Kind.TEXT:
            return Sql(value)
        case Kind.EXISTS:
            return Sql(f"({value} IS NOT NULL)")
        case Kind.INTEGER:
            return Sql(_integer_in(value))
        case Kind.DOUBLE:
            return Sql(_double_in(value))
        case Kind.BOOL:
            return Sql(f"(CASE {value} WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE {_integer_in(value)} END)")
        case Kind.NUMBER | Kind.INSTANT:
            return None


def _double_in(text: str) -> str:
    finite = f"iif({_IS_FINITE.format('n')}, CAST(n AS REAL), NULL)"
    return _IN_TEXT.format(text, finite, _IS_NUMBER.format(text))


def _integer_in(text: str) -> str:
    return _IN_TEXT.format(text, _WHOLE.format("n"), _IS_NUMBER.format(text))


def json_reading(tree: str, path: Sequence[str | int], kind: Kind) -> Sql | None:
    """Read what lies at a path of a tree, SQL for JSON text, as `kind`."""
    place = json_path(path)
    if place is None:
        return None
    if kind is Kind.EXISTS:
        return Sql(f"(ifnull(json_type({tree}, ?), 'null') <> 'null')", (place,))
    if kind is Kind.TEXT:
        return _json_text(tree, place)
    outcome = _JSON_READINGS.get(kind)
    if outcome is None:
        return None
    looked_up = f"SELECT json_type({tree}, ?) AS t, json_extract({tree}, ?) AS v"
    return Sql(f"(SELECT {outcome} FROM ({looked_up}))", (place, place))  # noqa: S608 - our own words


def _json_text(tree: str, place: str) -> Sql:
    looked_up = f"SELECT json_type({tree}, ?) AS t, {tree} ->> ? AS v, {tree} -> ? AS w"
    sql = f"(SELECT {_JSON_TEXT} FROM ({looked_up}))"  # noqa: S608 - our own words
    if place == "$":  # of a tree that is no scalar, the stored text is the text
        sql = f"iif(substr({tree}, 1, 1) IN ('{{', '['), {tree}, {sql})"
    return Sql(sql, (place, place, place))


_JSON_TEXT: Final = """CASE t
    WHEN 'text' THEN iif(v = 'null', '', v)
    WHEN 'null' THEN ''
    WHEN 'real' THEN iif(substr(w, -2) = '.0', substr(w, 1, length(w) - 2), w)
    ELSE ifnull(w, '') END"""
_JSON_INTEGER: Final = f"""CASE
    WHEN t IN ('integer', 'real') THEN {_WHOLE.format("v")}
    WHEN t = 'text' THEN {_integer_in("v")} END"""
_JSON_READINGS: Final[Mapping[Kind, str]] = {
    Kind.INTEGER: _JSON_INTEGER,
    Kind.DOUBLE: f"""CASE
        WHEN t IN ('integer', 'real') THEN CAST(v AS REAL)
        WHEN t = 'text' THEN {_double_in("v")} END""",
    Kind.BOOL: f"""CASE
        WHEN t = 'true' OR (t = 'text' AND v = 'true') THEN 1
        WHEN t = 'false' OR (t = 'text' AND v = 'false') THEN 0
        ELSE {_JSON_INTEGER} END""",
}
