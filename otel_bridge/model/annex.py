"""What is kept beside calls: feedback, prices, objects, tables and files, as they are written and read.

Times are whole microseconds since the Unix epoch, UTC. Members that hold a tree are compact JSON in UTF-8
bytes as orjson writes it. `contract/weave-api.md` §4.4 and §5.3.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct

USD: Final = "USD"


class Feedback(Struct, frozen=True, kw_only=True):
    """A verdict on a call or an object. `members` is the JSON object of everything but `created_at`."""

    project_id: str
    id: str
    weave_ref: str
    feedback_type: str
    members: bytes
    created_at: int = 0


class Price(Struct, frozen=True, kw_only=True):
    """What a token of a model costs in a project from `effective_date` on; costs are in USD a token."""

    project_id: str
    id: str
    llm_id: str
    effective_date: int
    prompt_token_cost: float
    completion_token_cost: float
    cache_read_input_token_cost: float = 0.0
    cache_creation_input_token_cost: float = 0.0
    prompt_token_cost_unit: str = USD
    completion_token_cost_unit: str = USD
    provider_id: str = "default"
    created_by: str = ""
    created_at: int = 0


class Version(Struct, frozen=True, kw_only=True):
    """A version of an object; `val` None is a value that was not asked for, or is deleted."""

    project_id: str
    object_id: str
    digest: str
    is_op: bool
    val: bytes | None = None
    base_class: str | None = None
    leaf_class: str | None = None
    wb_user_id: str | None = None
    number: int = 0
    size: int = 0
    created_at: int = 0
    deleted_at: int | None = None


class Row(Struct, frozen=True):
    """A row of a table."""

    digest: str
    val: bytes


# What may be asked of the annex, to change it.


class KeepFeedback(Struct, frozen=True, kw_only=True):
    """Keep these; one that comes again under its id takes the place of the first. `replaces` goes."""

    rows: tuple[Feedback, ...]
    replaces: str | None = None


class PurgeFeedback(Struct, frozen=True, kw_only=True):
    """Forget these for good."""

    project_id: str
    ids: tuple[str, ...]


class KeepPrices(Struct, frozen=True, kw_only=True):
    """Keep these prices."""

    prices: tuple[Price, ...]


class PurgePrices(Struct, frozen=True, kw_only=True):
    """Forget these prices."""

    project_id: str
    ids: tuple[str, ...]


class KeepObject(Struct, frozen=True, kw_only=True):
    """Keep a version of an object; one that is there already stays as it is."""

    version: Version


class DeleteObject(Struct, frozen=True, kw_only=True):
    """Delete versions of an object, all of them when `digests` is None; a digest may be `latest` or `vN`."""

    project_id: str
    object_id: str
    digests: tuple[str, ...] | None = None


class KeepFile(Struct, frozen=True, kw_only=True):
    """Keep a file under the digest of its content."""

    project_id: str
    digest: str
    content: bytes


class KeepTable(Struct, frozen=True, kw_only=True):
    """Keep a table with its rows."""

    project_id: str
    digest: str
    rows: tuple[Row, ...]


class LinkTable(Struct, frozen=True, kw_only=True):
    """Keep a table of rows that are there already."""

    project_id: str
    digest: str
    row_digests: tuple[str, ...]


class Append(Struct, frozen=True, tag=True):
    """Put a row at the end of a table."""

    row: Row


class Insert(Struct, frozen=True, tag=True):
    """Put a row before the one at `index`."""

    index: int
    row: Row


class Pop(Struct, frozen=True, tag=True):
    """Take the row at `index` out."""

    index: int


class UpdateTable(Struct, frozen=True, kw_only=True):
    """Keep a table that is another one with some updates, one after the other."""

    project_id: str
    base_digest: str
    updates: tuple[Append | Insert | Pop, ...]


AnnexChange: TypeAlias = (
    KeepFeedback
    | PurgeFeedback
    | KeepPrices
    | PurgePrices
    | KeepObject
    | DeleteObject
    | KeepFile
    | KeepTable
    | LinkTable
    | UpdateTable
)
ANNEX_CHANGES: Final = AnnexChange.__args__
"""The classes of `AnnexChange`."""
