"""What one may ask of stored calls (`contract/weave-api.md` §2)."""

from __future__ import annotations

from typing import Final, TypeAlias
from typing import Literal as OneOf

from msgspec import Struct

COLUMNS: Final = (
    "id", "project_id", "op_name", "display_name", "trace_id", "parent_id", "thread_id", "turn_id",
    "started_at", "attributes", "inputs", "ended_at", "exception", "output", "summary", "wb_user_id",
    "wb_run_id", "wb_run_step", "wb_run_step_end", "deleted_at", "expire_at", "storage_size_bytes",
    "total_storage_size_bytes",
)  # fmt: skip
"""The members of a line of `/calls/stream_query`, in their order (§2.6)."""

ALWAYS_COLUMNS: Final = frozenset({"id", "project_id", "trace_id", "op_name", "started_at"})
"""Members that every answer carries, asked for or not (§2.5)."""

JsonRoot: TypeAlias = OneOf["inputs", "output", "attributes", "summary"]
"""Members that hold a tree."""

OWN_COLUMNS: Final = ("received_at", "listed_at", "happened_at")
"""Members that lines of Weave do not have: a line carries those asked for by name. When the call arrived,
where lists put it, and when it happened as far as one can tell (`store.clocks`); all are instants."""

SORTABLE: Final = frozenset((*COLUMNS, *OWN_COLUMNS)) - {
    "attributes", "inputs", "output", "summary", "storage_size_bytes", "total_storage_size_bytes",
}  # fmt: skip
"""Columns of a plain value: one may compare them and sort by them."""


class Column(Struct, frozen=True, tag="column"):
    """A member of `SORTABLE`, or `annotation_queue_items.queue_id`, which no call here has."""

    name: str


class JsonField(Struct, frozen=True, tag="json"):
    """A place in a tree: a text is a member, a number an item of a list; no path is the whole tree."""

    root: JsonRoot
    path: tuple[str | int, ...] = ()


class Derived(Struct, frozen=True, tag="derived"):
    """A member of `summary.weave` that is derived on read (§2.7)."""

    name: OneOf["status", "latency_ms", "trace_name"]


class FeedbackField(Struct, frozen=True, tag="feedback"):
    """A place in the feedback on a call; `feedback_type` "*" is every type, `path` leads into the payload."""

    feedback_type: str
    member: OneOf["payload", "runnable_ref", "trigger_ref"]
    path: tuple[str | int, ...] = ()


Field: TypeAlias = Column | JsonField | Derived | FeedbackField
"""What `$getField` and `sort_by` name (§2.3)."""


Scalar: TypeAlias = str | int | float | bool | None
"""What `$literal` may be."""


class Literal(Struct, frozen=True, tag="literal"):
    """`$literal`."""

    value: Scalar


class GetField(Struct, frozen=True, tag="get"):
    """`$getField`."""

    field: Field


class Convert(Struct, frozen=True, tag="convert"):
    """`$convert`; what cannot be converted is null."""

    input: Operand
    to: OneOf["double", "string", "int", "bool", "exists"]


class And(Struct, frozen=True, tag="and"):
    """`$and`, never empty."""

    operands: tuple[Operand, ...]


class Or(Struct, frozen=True, tag="or"):
    """`$or`, never empty."""

    operands: tuple[Operand, ...]


class Not(Struct, frozen=True, tag="not"):
    """`$not`."""

    operand: Operand


class Compare(Struct, frozen=True, tag="compare"):
    """`$eq`, `$gt`, `$gte`, `$lt`, `$lte`."""

    op: OneOf["eq", "gt", "gte", "lt", "lte"]
    left: Operand
    right: Operand


class In(Struct, frozen=True, tag="in"):
    """`$in`."""

    operand: Operand
    choices: tuple[Operand, ...]


class Contains(Struct, frozen=True, tag="contains"):
    """`$contains`: `substr` is part of the text of `input`."""

    input: Operand
    substr: Operand
    case_insensitive: bool = False


Operation: TypeAlias = And | Or | Not | Compare | In | Contains
"""What `query.$expr` may be."""

Operand: TypeAlias = Literal | GetField | Convert | Operation


class CallsFilter(Struct, frozen=True, kw_only=True):
    """All members are AND-ed, the entries of a list OR-ed (§2.2). None means "no filter".

    An empty list means "no filter" too, except in `thread_ids` and `turn_ids`, where it matches nothing.
    An entry of `op_names`, `input_refs` and `output_refs` that ends in `:*` is a prefix.
    """

    op_names: tuple[str, ...] | None = None
    input_refs: tuple[str, ...] | None = None
    output_refs: tuple[str, ...] | None = None
    parent_ids: tuple[str, ...] | None = None
    trace_ids: tuple[str, ...] | None = None
    call_ids: tuple[str, ...] | None = None
    thread_ids: tuple[str, ...] | None = None
    turn_ids: tuple[str, ...] | None = None
    wb_user_ids: tuple[str, ...] | None = None
    wb_run_ids: tuple[str, ...] | None = None
    trace_roots_only: bool | None = None


class SortBy(Struct, frozen=True):
    """One sort key: a name that `query.fields.field_of` knows (§2.4).

    Nulls come last in both directions; JSON and feedback fields sort by existence, number, text.
    """

    field: str
    direction: OneOf["asc", "desc"]


class CallsQuery(Struct, frozen=True, kw_only=True):
    """Which calls, in which order, and which of their members.

    `sort_by` None is `started_at asc, id asc`; a last key makes every order total (§2.4): `id` in the
    direction of `started_at` when that is the last key, else `id desc`.
    `columns` None is all of them. `query` narrows what `filter` selects. Fields that lead through a place of
    `expand` are looked up in what the ref there names; `show_expanded` shows it in answers too. `projects`
    are globs of the projects whose values refs may lead to, None: all of them.
    """

    project_id: str
    filter: CallsFilter = CallsFilter()
    query: Operation | None = None
    sort_by: tuple[SortBy, ...] | None = None
    limit: int | None = None
    offset: int = 0
    columns: tuple[str, ...] | None = None
    expand: tuple[JsonField, ...] = ()
    show_expanded: bool = True
    include_costs: bool = False
    include_feedback: bool = False
    include_storage_size: bool = False
    include_total_storage_size: bool = False
    projects: tuple[str, ...] | None = None
