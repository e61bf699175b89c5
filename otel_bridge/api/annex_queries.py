"""Questions about what lies beside calls, read from checked bodies (`api.annex_bodies`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec import convert

from otel_bridge.api import annex_bodies as bodies
from otel_bridge.model import questions as q
from otel_bridge.model.query import CallsFilter, SortBy
from otel_bridge.query.annex_fields import (
    FEEDBACK_COLUMNS,
    FEEDBACK_TREES,
    PRICE_COLUMNS,
    feedback_field,
    price_field,
    row_field,
)
from otel_bridge.query.fields import UnknownField
from otel_bridge.store.annex.threads import THREAD_FIELDS
from otel_bridge.weave import fields
from otel_bridge.weave.body import naming
from otel_bridge.weave.checked import checked
from otel_bridge.weave.expressions import check_expression_size, expression
from otel_bridge.weave.refusals import reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.api.queries import SortByBody
    from otel_bridge.model.query import Field

MAX_ROWS: Final = 2**62
"""More than any store holds, less than an SQL integer."""
OBJECT_FIELDS: Final = ("object_id", "created_at")
"""What objects may be sorted by."""

RowsT = TypeVar("RowsT", q.AskFeedback, q.AskPrices)


def feedback(document: Any) -> q.AskFeedback:
    """Read a question for feedback; raise WriteRefused."""
    known = (*FEEDBACK_COLUMNS, *FEEDBACK_TREES)
    return _rows(document, q.AskFeedback, known, feedback_field)


def prices(document: Any) -> q.AskPrices:
    """Read a question for prices; raise WriteRefused."""
    return _rows(document, q.AskPrices, PRICE_COLUMNS, price_field)


def _rows(document: Any, kind: type[RowsT], known: tuple[str, ...], named: Callable[[str], Field]) -> RowsT:
    _check_query(document)
    body = checked(bodies.RowsQueryReq, document)
    return kind(
        project_id=body.project_id,
        fields=_fields(body.fields, known),
        query=expression(body.query, fields=named),
        sort_by=_sort_by(body.sort_by, named),
        limit=_limit(body.limit),
        offset=_limit(body.offset) or 0,
    )


def an_object(document: Any) -> q.AskObject:
    """Read a question for one version of an object; raise WriteRefused."""
    body = checked(bodies.ObjReadReq, document)
    return q.AskObject(
        project_id=body.project_id,
        object_id=body.object_id,
        digest=body.digest,
        metadata_only=bool(body.metadata_only),
    )


def objects(document: Any) -> q.AskObjects:
    """Read a question for versions of objects; raise WriteRefused."""
    body = checked(bodies.ObjQueryReq, document)
    asked = {} if body.filter is None else body.filter.model_dump()
    for name in ("tags", "aliases"):
        if asked.pop(name, None):
            raise reason(400, f"filter.{name}: no version has {name} here")
    return q.AskObjects(
        project_id=body.project_id,
        filter=convert(asked, type=q.ObjectsFilter),
        sort_by=_sort_by_names(body.sort_by, OBJECT_FIELDS),
        limit=_limit(body.limit),
        offset=_limit(body.offset) or 0,
        metadata_only=bool(body.metadata_only),
        include_storage_size=bool(body.include_storage_size),
    )


def a_file(document: Any) -> q.AskFile:
    """Read a question for a file; raise WriteRefused."""
    body = checked(bodies.FileContentReq, document)
    return q.AskFile(project_id=body.project_id, digest=body.digest)


def a_table(document: Any) -> q.AskTable:
    """Read a question for rows of a table; raise WriteRefused."""
    body = checked(bodies.TableQueryReq, document)
    digests = None if body.filter is None else body.filter.row_digests
    return q.AskTable(
        project_id=body.project_id,
        digest=body.digest,
        row_digests=None if digests is None else tuple(digests),
        sort_by=_sort_by(body.sort_by, row_field),
        limit=_limit(body.limit),
        offset=_limit(body.offset) or 0,
    )


def table_stats(document: Any) -> q.AskTables:
    """Read a question for the size of a table; raise WriteRefused."""
    body = checked(bodies.TableQueryStatsReq, document)
    return q.AskTables(project_id=body.project_id, digests=(body.digest,), single=True)


def tables_stats(document: Any) -> q.AskTables:
    """Read a question for the sizes of tables; raise WriteRefused."""
    body = checked(bodies.TableQueryStatsBatchReq, document)
    return q.AskTables(
        project_id=body.project_id,
        digests=tuple(body.digests or ()),
        include_storage_size=bool(body.include_storage_size),
    )


def refs(document: Any) -> q.AskRefs:
    """Read a question for what refs name; raise WriteRefused."""
    return q.AskRefs(refs=tuple(checked(bodies.RefsReadBatchReq, document).refs))


def threads(document: Any) -> q.AskThreads:
    """Read a question for threads; raise WriteRefused."""
    body = checked(bodies.ThreadsQueryReq, document)
    asked = body.filter or bodies.ThreadsFilter()
    with naming("filter"):
        after, before = (
            None if moment is None else fields.micros(moment, name)
            for name, moment in (
                ("after_datetime", asked.after_datetime),
                ("before_datetime", asked.before_datetime),
            )
        )
    return q.AskThreads(
        project_id=body.project_id,
        thread_ids=None if asked.thread_ids is None else tuple(asked.thread_ids),
        after=after,
        before=before,
        sort_by=_sort_by_names(body.sort_by, THREAD_FIELDS),
        limit=_limit(body.limit),
        offset=_limit(body.offset) or 0,
    )


def trace_usage(document: Any) -> q.AskTraceUsage:
    """Read a question for the usage of calls; raise WriteRefused."""
    _check_query(document)
    body = checked(bodies.TraceUsageReq, document)
    asked = {} if body.filter is None else body.filter.model_dump()
    return q.AskTraceUsage(
        project_id=body.project_id,
        filter=convert(asked, type=CallsFilter),
        query=expression(body.query),
        include_costs=bool(body.include_costs),
        limit=body.limit,
    )


def calls_usage(document: Any) -> q.AskCallsUsage:
    """Read a question for the usage below calls; raise WriteRefused."""
    body = checked(bodies.CallsUsageReq, document)
    return q.AskCallsUsage(
        project_id=body.project_id,
        call_ids=tuple(body.call_ids),
        include_costs=bool(body.include_costs),
        limit=body.limit,
    )


def _check_query(document: Any) -> None:
    if isinstance(document, dict):
        check_expression_size(document.get("query"))


def _fields(names: list[str] | None, known: tuple[str, ...]) -> tuple[str, ...] | None:
    """Cut each name to the member it is in, as for calls."""
    if not names:
        return None
    roots = {name.partition(".")[0]: name for name in names}
    unknown = next((name for root, name in roots.items() if root not in known), None)
    if unknown is not None:
        raise reason(422, f"Field {unknown} is not allowed")
    return tuple(roots)


def _sort_by(entries: list[SortByBody] | None, named: Callable[[str], Field]) -> tuple[SortBy, ...]:
    keys = tuple(SortBy(entry.field, entry.direction) for entry in entries or ())
    try:
        for key in keys:
            named(key.field)
    except UnknownField as error:
        raise reason(422, str(error)) from None
    return keys


def _sort_by_names(entries: list[SortByBody] | None, known: tuple[str, ...]) -> tuple[SortBy, ...]:
    unknown = next((entry.field for entry in entries or () if entry.field not in known), None)
    if unknown is not None:
        raise reason(422, f"Field {unknown} is not allowed")
    return tuple(SortBy(entry.field, entry.direction) for entry in entries or ())


def _limit(value: int | None) -> int | None:
    return None if value is None else min(value, MAX_ROWS)
