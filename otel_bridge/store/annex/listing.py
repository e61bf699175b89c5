"""Lists feedback and prices, by the same query language as calls (`contract/weave-api.md` §5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from msgspec import Struct
from msgspec.structs import asdict

from otel_bridge.costs.rates import PROJECT_LEVEL
from otel_bridge.model.query import SortBy
from otel_bridge.query.annex_fields import PRICE_COLUMNS, feedback_field, price_field
from otel_bridge.query.evaluate import reference
from otel_bridge.query.fields import INSTANTS
from otel_bridge.query.ordering import in_order, key_values, plain_keys
from otel_bridge.query.resolve import resolve
from otel_bridge.query.values import Instant, iso
from otel_bridge.store.annex.narrow import named_texts
from otel_bridge.store.annex.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from otel_bridge.model.annex import Feedback, Price
    from otel_bridge.model.query import JsonRoot, Operation
    from otel_bridge.model.questions import AskFeedback, AskPrices
    from otel_bridge.query.evaluate import Remark
    from otel_bridge.query.values import Raw
    from otel_bridge.store.annex.base import AnnexRows


INCLUDED: Final = (
    "id", "feedback_type", "weave_ref", "payload", "creator", "created_at", "wb_user_id", "runnable_ref",
    "call_ref", "trigger_ref", "annotation_ref", "scorer_tags", "scorer_tag_reasons",
    "scorer_tag_confidences", "scorer_ratings", "scorer_rating_reasons", "scorer_rating_confidences",
)  # fmt: skip
"""The members of an entry of `summary.weave.feedback`."""


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
    page, total = _found(rows, question)
    shown = [_shown(_feedback_members(row), question.fields) for row in page]
    return orjson.dumps({"result": shown, "total_count": total})


def prices(rows: AnnexRows, question: AskPrices) -> bytes:
    """Answer `/cost/query`."""
    holds = _test(question.query)
    seen = [one for price in rows.prices(question.project_id) if holds(one := SeenRow(_price_members(price)))]
    if question.sort_by:
        keys = plain_keys(question.sort_by, price_field)
        values = key_values(keys)
        seen = in_order(keys, [(values(one), one) for one in seen])
    end = None if question.limit is None else question.offset + question.limit
    page = [_shown(one.members, question.fields) for one in seen[question.offset : end]]
    return orjson.dumps({"results": page})


def feedback_members(row: Feedback) -> dict[str, Any]:
    """Return every member of feedback, times as text."""
    return _with_text_times(_feedback_members(row))


def included_feedback(row: Feedback) -> dict[str, Any]:
    """Return an entry of `summary.weave.feedback` of a call (§2.5)."""
    members = feedback_members(row)
    return {name: members.get(name) for name in INCLUDED}


def _test(query: Operation | None) -> Callable[[SeenRow], bool | None]:
    return (lambda _row: True) if query is None else reference(resolve(query))


def _found(rows: AnnexRows, question: AskFeedback) -> tuple[list[Feedback], int]:
    """Return the page, and how much there is to page through."""
    if question.query is None and question.sort_by in _IN_TIME:
        newest_first = question.sort_by == _NEWEST_FIRST
        page = rows.feedback_in_time(
            question.project_id, newest_first=newest_first, offset=question.offset, limit=question.limit
        )
        return _bounded(page), rows.feedback_count(question.project_id)
    found = _matching(rows, question)
    return _ranked(rows, question, found) if question.sort_by else _in_turn(question, found)


_NEWEST_FIRST: Final = (SortBy("created_at", "desc"),)
_IN_TIME: Final = ((), (SortBy("created_at", "asc"),), _NEWEST_FIRST)
"""Orders that an index has; no order is by time too."""


def _bounded(page: Iterable[Feedback]) -> list[Feedback]:
    room, kept = Room(), []
    for row in page:
        room.take(len(row.members))
        kept.append(row)
    return kept


def _matching(rows: AnnexRows, question: AskFeedback) -> Iterator[tuple[Feedback, SeenRow]]:
    query = question.query
    holds = _test(query)
    for row in rows.feedback(
        question.project_id, ids=named_texts(query, "id"), refs=named_texts(query, "weave_ref")
    ):
        seen = SeenRow(_feedback_members(row))
        if holds(seen):
            yield row, seen


def _in_turn(question: AskFeedback, found: Iterable[tuple[Feedback, SeenRow]]) -> tuple[list[Feedback], int]:
    """Keep the page, count the rest."""
    room, page, total = Room(), [], 0
    for row, _ in found:
        past = total - question.offset
        total += 1
        if past >= 0 and (question.limit is None or past < question.limit):
            room.take(len(row.members))
            page.append(row)
    return page, total


def _ranked(
    rows: AnnexRows, question: AskFeedback, found: Iterable[tuple[Feedback, SeenRow]]
) -> tuple[list[Feedback], int]:
    """Put all in order by what they are ordered by alone, then read the page."""
    keys = plain_keys(question.sort_by, feedback_field)
    values = key_values(keys)
    ids = in_order(keys, [(values(seen), row.id) for row, seen in found])
    end = None if question.limit is None else question.offset + question.limit
    wanted = ids[question.offset : end]
    page = {row.id: row for row in _bounded(rows.feedback(question.project_id, ids=wanted))}
    return [page[one] for one in wanted if one in page], len(ids)


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
