"""The bodies of the read routes, checked and turned into queries (`contract/weave-api.md` §2.1-§2.5).

Members that nobody knows are ignored at the top level and refused inside `filter`, `sort_by` and `query`.
No postponed annotations here: pydantic reads them.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import convert
from pydantic import BaseModel, WithJsonSchema
from pydantic import Field as Member

from otel_bridge.model.query import COLUMNS, OWN_COLUMNS, CallsFilter, CallsQuery, Field, JsonField, SortBy
from otel_bridge.query.fields import SIZES, UnknownField, field_of
from otel_bridge.weave.checked import checked
from otel_bridge.weave.expressions import Query, check_expression_size, expression
from otel_bridge.weave.refusals import WriteRefused, reason
from otel_bridge.weave.schema import Closed

MAX_LIST_ENTRIES: Final = 1000
_MAX_ROWS: Final = 2**62
"""More than any store holds, less than an SQL integer."""
_KNOWN_COLUMNS: Final = frozenset((*COLUMNS, *OWN_COLUMNS))
_RESOLVED_COLUMNS: Final = frozenset({"wb_username"})
"""Columns one may ask for that no stored call has."""

Names: TypeAlias = list[str] | None


class CallsFilterBody(Closed):
    """`filter`; null members do not filter."""

    op_names: Names = Member(
        default=None,
        description="Exact op names or op refs; a ref ending in :* matches every version of that op.",
    )
    input_refs: Names = Member(
        default=None,
        description="Call matches when its inputs hold any of these refs (:* suffix = any version).",
    )
    output_refs: Names = Member(default=None, description="Same for the output.")
    parent_ids: Names = None
    trace_ids: Names = None
    call_ids: Names = None
    thread_ids: Names = None
    turn_ids: Names = None
    trace_roots_only: bool | None = Member(
        default=None, description="True keeps only calls without a parent."
    )
    wb_user_ids: Names = None
    wb_run_ids: Names = Member(
        default=None, description="entity/project/run, or a bare run id of the queried project."
    )


class SortByBody(Closed):
    """An entry of `sort_by`."""

    field: str = Member(description="Call field or dotted path.")
    direction: Literal["asc", "desc"]


class CallsQueryReq(BaseModel):
    """Unknown top-level members must be ignored so that newer SDKs keep working."""

    project_id: str
    filter: CallsFilterBody | None = None
    limit: int | None = Member(default=None, description="Not negative.")
    offset: int | None = Member(default=None, description="Not negative.")
    sort_by: list[SortByBody] | None = Member(
        default=None, description="Null = started_at asc, id asc; empty list = no defined order."
    )
    query: Query | None = None
    include_costs: bool | None = Member(default=False, description="Adds summary.weave.costs.")
    include_feedback: bool | None = Member(default=False, description="Adds summary.weave.feedback.")
    include_storage_size: bool | None = Member(default=False, description="Fills storage_size_bytes.")
    include_total_storage_size: bool | None = Member(
        default=False, description="Fills total_storage_size_bytes on root calls."
    )
    include_usernames: bool | None = Member(
        default=False, description="Sent by SDK 0.53 and later; resolves wb_username."
    )
    latest_only: Annotated[bool | None, WithJsonSchema({"type": "boolean"})] = Member(
        default=False,
        description=(
            "Sent by SDK 0.54; collapse row versions before filtering."
            " A store with one row per call may ignore it."
        ),
    )
    columns: Names = Member(
        default=None,
        description="Top-level columns to return; a dotted name selects its whole top-level column.",
    )
    expand_columns: Names = Member(
        default=None,
        description="Paths whose values are refs to be replaced by the referenced value.",
        examples=[["inputs.self.message", "inputs.model.prompt"]],
    )
    return_expanded_column_values: bool | None = Member(
        default=True, description="False uses expand_columns for filtering and sorting only."
    )


class CallsQueryStatsReq(BaseModel):
    """The body of `/calls/query_stats`."""

    project_id: str
    filter: CallsFilterBody | None = None
    query: Query | None = None
    limit: int | None = None
    include_total_storage_size: bool | None = False
    expand_columns: Names = None


class CallReadReq(BaseModel):
    """The body of `/call/read`."""

    project_id: str
    id: str
    include_costs: bool | None = False
    include_storage_size: bool | None = False
    include_total_storage_size: bool | None = False


def calls_query(document: Any) -> CallsQuery:
    """Read a query for calls; raise WriteRefused (422, 400)."""
    check_lists(document)
    body = checked(CallsQueryReq, document)
    return CallsQuery(
        project_id=body.project_id,
        filter=as_filter(body.filter),
        query=expression(body.query),
        sort_by=_sort_by(body.sort_by),
        limit=_rows(body.limit, "limit"),
        offset=_rows(body.offset, "offset") or 0,
        columns=_columns(body.columns),
        expand=_expand(body.expand_columns),
        show_expanded=body.return_expanded_column_values is not False,
        include_costs=bool(body.include_costs),
        include_feedback=bool(body.include_feedback),
        include_storage_size=bool(body.include_storage_size),
        include_total_storage_size=bool(body.include_total_storage_size),
    )


def calls_count(document: Any) -> CallsQuery:
    """Read a query that is only counted; raise WriteRefused (422, 400)."""
    check_lists(document)
    body = checked(CallsQueryStatsReq, document)
    return CallsQuery(
        project_id=body.project_id,
        filter=as_filter(body.filter),
        query=expression(body.query),
        limit=_rows(body.limit, "limit"),
        expand=_expand(body.expand_columns),
        include_total_storage_size=bool(body.include_total_storage_size),
    )


def one_call(document: Any) -> CallsQuery:
    """Read a question for one call; raise WriteRefused (422)."""
    body = checked(CallReadReq, document)
    return CallsQuery(
        project_id=body.project_id,
        filter=CallsFilter(call_ids=(body.id,)),
        limit=1,
        include_costs=bool(body.include_costs),
        include_storage_size=bool(body.include_storage_size),
        include_total_storage_size=bool(body.include_total_storage_size),
    )


def check_lists(document: Any) -> None:
    """Refuse lists over the limit (400) before pydantic writes an error for each wrong entry."""
    if not isinstance(document, dict):
        return
    inner = document.get("filter")
    filters = inner.items() if isinstance(inner, dict) else ()
    for name, value in (*document.items(), *((f"filter.{name}", value) for name, value in filters)):
        if isinstance(value, list) and len(value) > MAX_LIST_ENTRIES:
            raise reason(400, f"{name} holds more than {MAX_LIST_ENTRIES} entries")
    check_expression_size(document.get("query"))


def as_filter(body: CallsFilterBody | None) -> CallsFilter:
    """Turn a checked filter into what a store is asked."""
    if body is None:
        return CallsFilter()
    return convert(body.model_dump(), type=CallsFilter)


def _sort_by(entries: list[SortByBody] | None) -> tuple[SortBy, ...] | None:
    # Any order will do for an empty list, and the default one is stable from page to page.
    return tuple(map(_sort_key, entries)) if entries else None


def _sort_key(entry: SortByBody) -> SortBy:
    if entry.field in SIZES:
        raise reason(400, f"sorting by {entry.field} is not possible")
    _field(entry.field)
    return SortBy(entry.field, entry.direction)


def _field(name: str) -> Field:
    try:
        return field_of(name)
    except UnknownField as error:
        raise reason(422, str(error)) from None


def _expand(names: list[str] | None) -> tuple[JsonField, ...]:
    """Read the places of refs; only trees hold refs that can be expanded."""
    fields = (_field(name) for name in names or ())
    return tuple(dict.fromkeys(field for field in fields if isinstance(field, JsonField)))


def _columns(names: list[str] | None) -> tuple[str, ...] | None:
    if not names:
        return None
    roots = {name.partition(".")[0]: name for name in names}
    for root, name in roots.items():
        if root not in _KNOWN_COLUMNS and root not in _RESOLVED_COLUMNS:
            raise _unknown_field(name)
    return tuple(root for root in roots if root in _KNOWN_COLUMNS) or ("id",)


def _unknown_field(name: str) -> WriteRefused:
    return reason(422, f"Field {name} is not allowed")


def _rows(value: int | None, name: str) -> int | None:
    if value is None:
        return None
    if value < 0:
        raise reason(400, f"{name} must not be negative")
    return min(value, _MAX_ROWS)
