"""Queued items become the requests that deliver them. Pure.

An item is whatever changes calls: a start, an end, both, a new name, a deletion. Items that may share a
request are rendered together; a new name and a deletion travel alone, so that they never overtake.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import orjson
from msgspec import Struct
from msgspec.structs import replace

from otel_bridge.model.call import CompletedCall, DeletedCalls, EndedCall, StartedCall, UpdatedCall
from otel_bridge.translate import batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from otel_bridge.model.call import Change
    from otel_bridge.translate.batch import Pieces

    Items: TypeAlias = Iterable[Callable[[], Change]]
    """What waits; an item becomes a change when it is asked."""

    Upsert: TypeAlias = StartedCall | EndedCall | CompletedCall

UPSERT: Final = "/call/upsert_batch"
UPDATE: Final = "/call/update"
DELETE: Final = "/calls/delete"


class Limits(Struct, frozen=True):
    """How much one batch may hold."""

    max_calls: int
    max_bytes: int


class Request(Struct, frozen=True):
    """A request to the upstream; `results` is how many entries its `res` must have, None for any object.

    `wb_run_id` as in `frames.Outgoing`.
    """

    path: str
    body: bytes
    results: int | None
    wb_run_id: str | None = None


class Batch(Struct, frozen=True):
    """The requests that deliver the first `items` items."""

    requests: tuple[Request, ...]
    items: int


def render(items: Items, limits: Limits, *, project_id: str, whole: bool) -> Batch | None:
    """Render as many of the items as fit, at least one; None without any.

    `project_id` is where they go, whatever their own project is. `whole`: it takes whole calls only. Raise
    what the first item raises; a later one that cannot be rendered only ends the batch.
    """
    changes = (_moved(item(), project_id) for item in items)
    first = next(changes, None)
    if first is None:
        return None
    if isinstance(first, UpdatedCall | DeletedCalls):
        return Batch((_alone(first),), 1)
    upserts = _Upserts(limits, f"/v2/{quote(project_id)}" if whole else None)
    upserts.take(first)
    with suppress(Exception):  # raised again, when the item is the first of its own batch
        for change in changes:
            if isinstance(change, UpdatedCall | DeletedCalls) or not upserts.take(change):
                break
    return Batch(tuple(upserts.requests()), len(upserts.taken))


class _Upserts:
    """A batch that grows until it is full; `whole` is the path of a project that takes whole calls only."""

    def __init__(self, limits: Limits, whole: str | None) -> None:
        self._limits = limits
        self._whole = whole
        self._size = 0
        self._rendered: list[tuple[Pieces, ...]] = []
        self.taken: list[Upsert] = []

    def take(self, change: Upsert) -> bool:
        """Take the change unless it does not fit; the first one always does."""
        pieces = (
            (batch.completed(change),)
            if self._whole and isinstance(change, CompletedCall)
            else batch.upserts(change)
        )
        size = sum(len(piece) + 1 for item in pieces for piece in item)
        full = self._size + size > self._limits.max_bytes or len(self.taken) >= self._limits.max_calls
        if self.taken and full:
            return False
        self._size += size
        self._rendered.append(pieces)
        self.taken.append(change)
        return True

    def requests(self) -> list[Request]:
        if self._whole is not None:
            return self._whole_calls(self._whole)
        items = [pieces for rendered in self._rendered for pieces in rendered]
        return [Request(UPSERT, batch.joined(items, batch.BATCH), len(items))]

    def _whole_calls(self, path: str) -> list[Request]:
        """Whole calls in one request, starts and ends without their other half after it, each in its own."""
        whole: list[Pieces] = []
        starts: dict[str, StartedCall] = {}
        ends: dict[str, EndedCall] = {}
        for change, pieces in zip(self.taken, self._rendered, strict=True):
            match change:
                case CompletedCall():
                    whole += pieces
                case StartedCall():
                    starts[change.id] = change
                case EndedCall():
                    ends[change.id] = change
        for call_id in [one for one in starts if one in ends]:
            whole.append(batch.completed(CompletedCall(starts.pop(call_id), ends.pop(call_id))))
        requests = [Request(f"{path}/call/start", batch.start(one), None) for one in starts.values()]
        requests += [Request(f"{path}/call/end", batch.end(one), None) for one in ends.values()]
        if whole:
            together = Request(f"{path}/calls/complete", batch.joined(whole, batch.BATCH), None)
            requests.insert(0, together)
        return requests


def _alone(change: UpdatedCall | DeletedCalls) -> Request:
    if isinstance(change, UpdatedCall):
        body = {"project_id": change.project_id, "call_id": change.id, "display_name": change.display_name}
        return Request(UPDATE, orjson.dumps(body), None)
    return Request(DELETE, orjson.dumps({"project_id": change.project_id, "call_ids": change.ids}), None)


def _moved(change: Change, project_id: str) -> Upsert | UpdatedCall | DeletedCalls:
    """Return the change under the project it goes to."""
    match change:
        case CompletedCall(start=start, end=end):
            if start.project_id == project_id:
                return change
            return CompletedCall(replace(start, project_id=project_id), replace(end, project_id=project_id))
        case StartedCall() | EndedCall() | UpdatedCall() | DeletedCalls():
            return change if change.project_id == project_id else replace(change, project_id=project_id)
        case _:
            raise TypeError(f"a {type(change).__name__} is nothing to deliver")
