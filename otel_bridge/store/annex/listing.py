"""Lists feedback and prices, by the same query language as calls (`contract/weave-api.md` §5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from msgspec import Struct
from msgspec.structs import asdict

from otel_bridge.costs.rates import PROJECT_LEVEL
from otel_bridge.query.annex_fields import PRICE_COLUMNS, feedback_field, price_field
from otel_bridge.query.evaluate import reference
from otel_bridge.query.fields import INSTANTS
from otel_bridge.query.ordering import in_order, key_values, plain_keys
from otel_bridge.query.resolve import resolve
from otel_bridge.query.values import Instant, iso
from otel_bridge.store.annex.narrow import named_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from otel_bridge.model.annex import Feedback, Price
    from otel_bridge.model.query import Field, JsonRoot, Operation, SortBy
    from otel_bridge.model.questions import AskFeedback, AskPrices
    from otel_bridge.query.evaluate import Remark
    from otel_bridge.query.values import Raw
    from otel_bridge.store.annex.base import AnnexRows


class Tree(Struct, frozen=True):
    """A tree of a row, as `query.annex_fields` names it."""

    payload: Any
    runnable_ref: str | None = None
    trigger_ref: str | None = None


class SeenRow:
    """A row as the reference meaning of an expression sees it (`query.evaluate.Call`)."""

    __slots__ = ("members",)

    def __init__(self, members: dict[str, Any]) -> None:
        self.members = members

    def column(self, name: str) -> Raw:
        """Return a plain member."""
        value = self.members.get(name)
        return Instant(value) if name in INSTANTS and value is not None else value

    def derived(self, name: str) -> Raw:
        """Return nothing: no member of a row is derived."""

    def tree(self, root: JsonRoot) -> Any:
        """Return nothing: the trees of a row are remarks."""

    def reached(self, root: JsonRoot, path: Sequence[str | int]) -> Raw:
        """Return nothing: as `tree`."""

    def remarks(self, kind: str) -> Sequence[Remark]:
        """Return the tree of a name."""
        return (Tree(self.members.get(kind)),)


def feedback(rows: AnnexRows, question: AskFeedback) -> bytes:
    """Answer `/feedback/query`; `total_count` counts what matches, whatever the limit."""
    ids, refs = named_texts(question.query, "id"), named_texts(question.query, "weave_ref")
    found = rows.feedback(question.project_id, ids=ids, refs=refs)
    seen = _chosen(map(_feedback_members, found), question.query, question.sort_by, feedback_field)
    page = [_shown(one.members, question.fields) for one in _page(seen, question)]
    return orjson.dumps({"result": page, "total_count": len(seen)})


def prices(rows: AnnexRows, question: AskPrices) -> bytes:
    """Answer `/cost/query`."""
    found = rows.prices(question.project_id)
    seen = _chosen(map(_price_members, found), question.query, question.sort_by, price_field)
    page = [_shown(one.members, question.fields) for one in _page(seen, question)]
    return orjson.dumps({"results": page})


def feedback_members(row: Feedback) -> dict[str, Any]:
    """Return every member of feedback, times as text."""
    return _with_text_times(_feedback_members(row))


def _chosen(
    rows: Iterable[dict[str, Any]],
    query: Operation | None,
    sort_by: Sequence[SortBy],
    named: Callable[[str], Field],
) -> list[SeenRow]:
    seen = list(map(SeenRow, rows))
    if query is not None:
        holds = reference(resolve(query))
        seen = [one for one in seen if holds(one)]
    if not sort_by:
        return seen
    keys = plain_keys(sort_by, named)
    values = key_values(keys)
    return in_order(keys, [(values(one), one) for one in seen])


def _page(seen: list[SeenRow], question: AskFeedback | AskPrices) -> list[SeenRow]:
    end = None if question.limit is None else question.offset + question.limit
    return seen[question.offset : end]


def _feedback_members(row: Feedback) -> dict[str, Any]:
    members: dict[str, Any] = orjson.loads(row.members)
    members["created_at"] = row.created_at
    return members


def _price_members(price: Price) -> dict[str, Any]:
    known = asdict(price) | {"pricing_level": PROJECT_LEVEL, "pricing_level_id": price.project_id}
    return {name: known[name] for name in PRICE_COLUMNS}


def _shown(members: dict[str, Any], fields: Sequence[str] | None) -> dict[str, Any]:
    shown = _with_text_times(members)
    return shown if fields is None else {name: shown[name] for name in fields}


def _with_text_times(members: dict[str, Any]) -> dict[str, Any]:
    return {
        name: iso(value) if name in INSTANTS and value is not None else value
        for name, value in members.items()
    }
