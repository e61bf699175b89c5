"""Tells about threads: what their turns come to (`contract/weave-api.md` §5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.query.values import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.questions import AskThreads
    from otel_bridge.store.annex.base import Reads, Turn

THREAD_FIELDS: Final = (
    "thread_id", "turn_count", "start_time", "last_updated", "p50_turn_duration_ms", "p99_turn_duration_ms",
)  # fmt: skip
"""What threads may be sorted by."""
_MILLI: Final = 1000


def threads(reads: Reads, question: AskThreads) -> bytes:
    """Answer `/threads/stream_query` as JSON lines; the last updated first where no order is asked for.

    What was updated last is then told by arrivals where the clock of a sender is off (`store.clocks`).
    """
    kept: dict[str, Thread] = {}
    for turn in reads.turns(question.project_id, question.thread_ids):
        if turn.thread_id in kept:
            kept[turn.thread_id].add(turn)
        else:
            kept[turn.thread_id] = Thread(turn)
    found = [thread.shown() for thread in kept.values()]
    found = [thread for thread in found if _matches(thread, question)]
    found.sort(key=lambda thread: thread["thread_id"])
    if not question.sort_by:
        found.sort(key=lambda one: (kept[one["thread_id"]].heard_at, one["last_updated"]), reverse=True)
    for key in reversed(question.sort_by):
        found = _sorted(found, key.field, descending=key.direction == "desc")
    end = None if question.limit is None else question.offset + question.limit
    return b"".join(map(_line, found[question.offset : end]))


def percentile(ordered: Sequence[int], percent: float) -> float | None:
    """Interpolate between the two nearest of values in order, h = (n - 1) p / 100."""
    if not ordered:
        return None
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


class Thread:
    """A thread while its turns come by: what is known of them, and how long each took."""

    __slots__ = ("count", "durations", "first", "heard_at", "last")

    def __init__(self, turn: Turn) -> None:
        self.first = self.last = turn
        self.heard_at = turn.heard_at
        self.count = 0
        self.durations: list[int] = []
        self.add(turn)

    def add(self, turn: Turn) -> None:
        """Take one more turn in."""
        self.count += 1
        self.heard_at = max(self.heard_at, turn.heard_at)
        self.first = min(self.first, turn, key=lambda one: (one.started_at, one.id))
        self.last = max(self.last, turn, key=lambda one: (_updated(one), one.id))
        if turn.ended_at is not None:
            self.durations.append((turn.ended_at - turn.started_at) // _MILLI)

    def shown(self) -> dict[str, Any]:
        """Return the members of the answer, times as numbers."""
        self.durations.sort()
        return {
            "thread_id": self.first.thread_id,
            "turn_count": self.count,
            "start_time": self.first.started_at,
            "last_updated": _updated(self.last),
            "first_turn_id": self.first.id,
            "last_turn_id": self.last.id,
            "p50_turn_duration_ms": percentile(self.durations, 50),
            "p99_turn_duration_ms": percentile(self.durations, 99),
        }


def _updated(turn: Turn) -> int:
    """Return when a turn was last heard of: one that is still open, when it started."""
    return turn.started_at if turn.ended_at is None else turn.ended_at


def _matches(thread: dict[str, Any], question: AskThreads) -> bool:
    after, before = question.after, question.before
    return (after is None or thread["start_time"] > after) and (
        before is None or thread["last_updated"] < before
    )


def _sorted(found: list[dict[str, Any]], field: str, *, descending: bool) -> list[dict[str, Any]]:
    """Sort by a member; what has none comes last."""
    known = [thread for thread in found if thread[field] is not None]
    known.sort(key=lambda thread: thread[field], reverse=descending)
    return known + [thread for thread in found if thread[field] is None]


def _line(thread: dict[str, Any]) -> bytes:
    times = {name: iso(thread[name]) for name in ("start_time", "last_updated")}
    return orjson.dumps(thread | times) + b"\n"
