"""What the records of one call come to: the merge rule of `store.base`, as pure functions.

Every field of a start remembers the rank of the record that gave it. A higher rank wins, among equals the
later arrival does, and a field that is None never wins: so the order of arrival matters only where records
contradict each other. Every field of an end remembers whether it came with the span or apart from it: a span
that is derived again (with log records, or by newer tables) replaces what it had given itself, no more.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from otel_bridge.store.trees import clean_summary

if TYPE_CHECKING:
    from otel_bridge.model.call import EndedCall, StartedCall, UpdatedCall


class Rank(IntEnum):
    """Whose word counts more (`contract/weave-api.md` §1.1)."""

    PLAIN = 0
    OPEN_SPAN = 1
    ENDED_SPAN = 2
    PERSON = 3


class Source(IntEnum):
    """Who gave a field of an end; stored beside the ranks. Records of schema 1 know only the first."""

    SPAN = 0
    BEFORE_SPAN = 1
    """Written on its own, before the span had ended: yields to what the span says."""
    AFTER_SPAN = 2
    """Written on its own, later than the span's end: stands."""


class DumpKind(IntEnum):
    """How the whole span of a call is written down; the numbers are stored."""

    OTLP = 1
    JSON = 2


class Dump(Struct, frozen=True, gc=False):
    """The whole span: an OTLP `TracesData` message, or the `otel_dump` object of Weave's API."""

    kind: DumpKind
    data: bytes


class Held(Struct, frozen=True, kw_only=True, gc=False):
    """What is known about one id. It is a visible call as soon as it has a start (`started_at`).

    `plain_id` is the span's own id where another span has it and `id` is derived. `logs` are the log records
    of the span, an OTLP `LogsData` message; only a call with a span has any.
    """

    project_id: str
    id: str
    ranks: int = 0
    trace_id: str | None = None
    op_name: str | None = None
    started_at: int | None = None
    attributes: bytes | None = None
    inputs: bytes | None = None
    parent_id: str | None = None
    display_name: str | None = None
    thread_id: str | None = None
    turn_id: str | None = None
    wb_user_id: str | None = None
    wb_run_id: str | None = None
    wb_run_step: int | None = None
    dump: Dump | None = None
    span_start_ns: int | None = None
    ended_at: int | None = None
    summary: bytes | None = None
    output: bytes | None = None
    exception: str | None = None
    wb_run_step_end: int | None = None
    plain_id: str | None = None
    logs: bytes | None = None

    @property
    def span_id(self) -> str:
        """The id that the span itself has."""
        return self.plain_id or self.id

    @property
    def is_span(self) -> bool:
        """Whether the whole OTLP span is here."""
        return self.dump is not None and self.dump.kind is DumpKind.OTLP


class Gone(Struct, frozen=True, kw_only=True, gc=False):
    """A deleted id. It knows which span it was, so that another span under the id can be told apart."""

    project_id: str
    id: str
    whole: bool = False
    trace_id: str | None = None
    span_start_ns: int | None = None


Slot: TypeAlias = Held | Gone
"""What a store keeps under one id."""

_START_FIELDS: Final = (
    "trace_id", "op_name", "started_at", "attributes", "inputs", "parent_id", "display_name", "thread_id",
    "turn_id", "wb_user_id", "wb_run_id", "wb_run_step", "dump", "span_start_ns",
)  # fmt: skip
_END_FIELDS: Final = ("ended_at", "summary", "output", "exception", "wb_run_step_end")
_SHIFTS: Final = tuple((2 * place, name) for place, name in enumerate(_START_FIELDS))
_END_SHIFTS: Final = tuple((2 * place, name) for place, name in enumerate(_END_FIELDS, len(_START_FIELDS)))
_NAME_SHIFT: Final = 2 * _START_FIELDS.index("display_name")
_DUMP_SHIFT: Final = 2 * _START_FIELDS.index("dump")
_OF_THE_STORE: Final = frozenset({"dump", "span_start_ns"})
"""What a span that is derived again says nothing new about."""
_UNCLEARED: Final = frozenset({"wb_run_id"})
"""May have come with the request, which is not stored: a span that does not name it does not deny it."""
_ALL_OF_RANK: Final = tuple(sum(rank << shift for shift, _ in _SHIFTS) for rank in Rank)


def first(
    start: StartedCall,
    end: EndedCall | None,
    *,
    id: str,  # noqa: A002 - the field's name
    plain_id: str | None = None,
) -> Held:
    """Hold the first record of an id: a start, with the end that travels with it."""
    dump = _dump(start)
    ranks = _ALL_OF_RANK[_rank(dump, end)]
    if dump is None and end is not None:
        ranks = _sourced(ranks, end, Source.BEFORE_SPAN)
    return Held(
        project_id=start.project_id,
        id=id,
        ranks=ranks,
        trace_id=start.trace_id,
        op_name=start.op_name,
        started_at=start.started_at,
        attributes=start.attributes,
        inputs=start.inputs,
        parent_id=start.parent_id or None,
        display_name=start.display_name,
        thread_id=start.thread_id,
        turn_id=start.turn_id,
        wb_user_id=start.wb_user_id,
        wb_run_id=start.wb_run_id,
        wb_run_step=start.wb_run_step,
        dump=dump,
        span_start_ns=start.span_start_ns,
        ended_at=None if end is None else end.ended_at,
        summary=None if end is None else clean_summary(end.summary),
        output=None if end is None else end.output,
        exception=None if end is None else end.exception,
        wb_run_step_end=None if end is None else end.wb_run_step_end,
        plain_id=plain_id,
    )


def with_start(held: Held, start: StartedCall, end: EndedCall | None) -> Held:
    """Merge a start, and the end that travels with it, into what is held."""
    new = first(start, end, id=held.id)
    rank = _rank(new.dump, end)
    changed: dict[str, object] = {}
    ranks = held.ranks
    for shift, name in _SHIFTS:
        value = getattr(new, name)
        if value is None or _stands(held, name, held.ranks >> shift & 3, rank):
            continue
        ranks = ranks & ~(3 << shift) | rank << shift
        changed[name] = value
    merged = replace(held, ranks=ranks, **changed)
    if end is None:
        return merged
    return with_end(merged, end) if new.dump is None else _ended(merged, end, Source.SPAN)


def with_end(held: Held, end: EndedCall) -> Held:
    """Merge an end that came on its own: its fields that are not None win."""
    span_ended = held.dump is not None and held.ranks >> _DUMP_SHIFT & 3 == Rank.ENDED_SPAN
    return _ended(held, end, Source.AFTER_SPAN if span_ended else Source.BEFORE_SPAN)


def derived_again(held: Held, start: StartedCall, end: EndedCall | None) -> Held:
    """Replace what the stored span had said by what it says now; what others gave stays.

    A field of the span that it no longer gives becomes None. A field that another gave yields to the span
    where the merge would have let it.
    """
    new = first(start, end, id=held.id)
    rank = Rank(held.ranks >> _DUMP_SHIFT & 3)
    changed: dict[str, object] = {}
    ranks = held.ranks
    for shift, name in _SHIFTS:
        value, have = getattr(new, name), held.ranks >> shift & 3
        if have == Rank.PERSON or name in _OF_THE_STORE:
            continue
        if value is not None:
            ranks = ranks & ~(3 << shift) | rank << shift
            changed[name] = value
        elif have == rank and name not in _UNCLEARED:
            changed[name] = None
    for shift, name in _END_SHIFTS if end is not None else ():
        value, source = getattr(new, name), held.ranks >> shift & 3
        if source == Source.SPAN or (source == Source.BEFORE_SPAN and value is not None):
            ranks &= ~(3 << shift)
            changed[name] = value
    return replace(held, ranks=ranks, **changed)


def _ended(held: Held, end: EndedCall, source: Source) -> Held:
    changed = {name: value for name in _END_FIELDS if (value := getattr(end, name)) is not None}
    changed["summary"] = clean_summary(end.summary)
    return replace(held, ranks=_sourced(held.ranks, end, source), **changed)


def _sourced(ranks: int, end: EndedCall, source: Source) -> int:
    for shift, name in _END_SHIFTS:
        if getattr(end, name) is not None:
            ranks = ranks & ~(3 << shift) | source << shift
    return ranks


def with_name(held: Held, update: UpdatedCall) -> Held:
    """Merge the name a person gave; "" takes the name away, and no start brings it back."""
    ranks = held.ranks | Rank.PERSON << _NAME_SHIFT
    return replace(held, ranks=ranks, display_name=update.display_name or None)


def is_same_start(one: Held, other: Held) -> bool:
    """Tell whether two states of a call differ at most in what ends and renames leave."""
    names = (name for name in (*_START_FIELDS, "logs") if name != "display_name")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def gone(held: Held) -> Gone:
    """Leave of a call what a deleted id must remember."""
    return Gone(
        project_id=held.project_id,
        id=held.id,
        whole=held.dump is not None,
        trace_id=held.trace_id,
        span_start_ns=held.span_start_ns,
    )


def is_other_span(slot: Slot, start: StartedCall) -> bool:
    """Tell whether `start` is another span than the one kept under its id (`otlp-receiver.md` §8)."""
    whole = slot.whole if isinstance(slot, Gone) else slot.dump is not None
    if not whole or (start.span is None and start.otel_dump is None):
        return False
    if slot.trace_id != start.trace_id:
        return True
    return None not in (slot.span_start_ns, start.span_start_ns) and slot.span_start_ns != start.span_start_ns


def derived_id(start: StartedCall) -> str:
    """Make the id of a span whose own id another span has: 16 hex digits, the same on every arrival."""
    from hashlib import blake2b  # noqa: PLC0415 - OpenSSL takes 4 MB of a process, and collisions are rare

    key = f"{start.trace_id}/{start.id}/{start.span_start_ns}"
    return blake2b(key.encode(), digest_size=8).hexdigest()


def _dump(start: StartedCall) -> Dump | None:
    if start.span is not None:
        return Dump(DumpKind.OTLP, start.span)
    if start.otel_dump is not None:
        return Dump(DumpKind.JSON, start.otel_dump)
    return None


def _rank(dump: Dump | None, end: EndedCall | None) -> Rank:
    if dump is None:
        return Rank.PLAIN
    return Rank.OPEN_SPAN if end is None else Rank.ENDED_SPAN


def _stands(held: Held, name: str, have: int, rank: Rank) -> bool:
    """Tell whether the held value of a field beats any value of `rank`."""
    return have > rank and (have == Rank.PERSON or getattr(held, name) is not None)
