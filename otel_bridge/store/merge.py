"""What the records of one call come to: the merge rule of `store.base`, as pure functions.

Every field of a start remembers the rank of the record that gave it. A higher rank wins, among equals the
later arrival does, and a field that is None never wins: so the order of arrival matters only where records
contradict each other.
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

    `plain_id` is the span's own id where another span has it and `id` is derived.
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
_NAME_SHIFT: Final = 2 * _START_FIELDS.index("display_name")
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
    return Held(
        project_id=start.project_id,
        id=id,
        ranks=_ALL_OF_RANK[_rank(dump, end)],
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
    return merged if end is None else with_end(merged, end)


def with_end(held: Held, end: EndedCall) -> Held:
    """Merge an end: its fields that are not None win."""
    changed = {name: value for name in _END_FIELDS if (value := getattr(end, name)) is not None}
    changed["summary"] = clean_summary(end.summary)
    return replace(held, **changed)


def with_name(held: Held, update: UpdatedCall) -> Held:
    """Merge the name a person gave; "" takes the name away, and no start brings it back."""
    ranks = held.ranks | Rank.PERSON << _NAME_SHIFT
    return replace(held, ranks=ranks, display_name=update.display_name or None)


def is_same_start(one: Held, other: Held) -> bool:
    """Tell whether two states of a call differ at most in what ends and renames leave."""
    return all(getattr(one, name) == getattr(other, name) for name in _START_FIELDS if name != "display_name")


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
