"""Turns the filter and the expression of a query into what SQL decides and what is left to the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from otel_bridge.model import query as q
from otel_bridge.query import typed as t
from otel_bridge.query.evaluate import reference
from otel_bridge.query.fields import ANY_TYPE, is_in_span
from otel_bridge.query.parts import conjuncts, fields_in
from otel_bridge.query.resolve import resolve
from otel_bridge.store.sqlite.conditions import conditions
from otel_bridge.store.sqlite.expressions import MAX_ARGUMENTS, compiled, is_rare
from otel_bridge.store.sqlite.fragments import Sql, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otel_bridge.query.evaluate import Remark

_JOINS: Final = (
    ("b.", "CROSS JOIN bodies AS b ON b.seq = c.seq"),
    ("r.", "CROSS JOIN results AS r ON r.seq = c.seq"),
)
"""The prefix that a table's columns have in our SQL, and what brings the table in."""


class Narrowed(Struct, frozen=True):
    """What selects the calls of a query: `where` over `calls AS c` and the tables that `joins_for` brings in.

    `residual` decides, by the reference, which of the calls that SQL selects are meant; None: all of them.
    `is_rare`: an index of its own holds what one of the conditions selects.
    """

    where: Sql
    residual: t.Condition | None = None
    is_rare: bool = False


def narrowed(query: q.CallsQuery, project: int) -> Narrowed:
    """Compile filter and expression; `project` is the number of the query's project."""
    pushed = [conditions(query, project)]
    left: list[t.Condition] = []
    room = MAX_ARGUMENTS
    parts = () if query.query is None else tuple(conjuncts(resolve(query.query)))
    for part in parts:
        sql = None if any(is_beyond_sql(field, query) for field in fields_in(part)) else compiled(part)
        if sql is None or len(sql.args) > room:
            left.append(part)
            sql = _needed(part)
        if sql is not None:
            pushed.append(sql)
            room -= len(sql.args)
    residual = t.All(tuple(left)) if left else None
    return Narrowed(joined(" AND ", pushed), residual, any(map(is_rare, parts)))


def is_beyond_sql(field: q.Field, query: q.CallsQuery) -> bool:
    """Tell whether a field lies where no stored tree reaches: in the whole span, or behind a ref."""
    return is_in_span(field) or _is_expanded(field, query)


def _is_expanded(field: q.Field, query: q.CallsQuery) -> bool:
    return isinstance(field, q.JsonField) and any(
        field.root == place.root
        and len(place.path) < len(field.path)
        and field.path[: len(place.path)] == place.path
        for place in query.expand
    )


def joins_for(*pieces: Sql) -> str:
    """Return the joins that bring in the tables which these pieces of SQL name."""
    return " ".join(join for prefix, join in _JOINS if any(prefix in piece.text for piece in pieces))


def _needed(part: t.Condition) -> Sql | None:
    """Select the calls that have any of the feedback without which `part` cannot hold."""
    fields = list(fields_in(part))
    kinds = {field.feedback_type for field in fields if isinstance(field, q.FeedbackField)}
    if not kinds or not all(isinstance(field, q.FeedbackField) for field in fields):
        return None
    if reference(part)(_Blank()):
        return None
    return _has_feedback(() if ANY_TYPE in kinds else sorted(kinds))


def _has_feedback(kinds: Iterable[str]) -> Sql:
    args = tuple(kinds)
    of_kind = f" AND f.feedback_type IN ({', '.join('?' for _ in args)})" if args else ""
    text = f"EXISTS (SELECT 1 FROM feedback AS f WHERE f.project = c.project AND f.call_id = c.id{of_kind})"  # noqa: S608 - our own words
    return Sql(text, args)


class _Blank:
    """A call that holds nothing."""

    def column(self, _name: str) -> None:
        return None

    def derived(self, _name: str) -> None:
        return None

    def reached(self, _root: q.JsonRoot, _path: Sequence[str | int]) -> None:
        return None

    def remarks(self, _kind: str) -> Sequence[Remark]:
        return ()
