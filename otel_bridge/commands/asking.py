"""From options to the bodies of Weave's API: both kinds of source understand the same question."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from otel_bridge.commands.moments import moment
from otel_bridge.model.scoring import SCORED_CALL

NEWEST: Final = tuple({"field": name, "direction": "desc"} for name in ("listed_at", "started_at"))
"""The newest first, as a person sees it: where the clock of a sender is off, by arrival."""


def now() -> datetime:
    """Return the time of the wall clock."""
    return datetime.now(UTC)


def selection(
    *,
    project: str,
    ops: tuple[str, ...] = (),
    traces: tuple[str, ...] = (),
    roots: bool = False,
    status: str | None = None,
    since: str | None = None,
    until: str | None = None,
    text: str | None = None,
    runs: bool = True,
    running: bool = True,
) -> dict[str, Any]:
    """Make the body that selects these calls; `runs` of scorers and calls that are `running` too, or not."""
    conditions: list[dict[str, Any]] = []
    if not runs:
        conditions.append({"$eq": [_field(f"attributes.{'.'.join(SCORED_CALL)}"), _literal("")]})
    if not running and not status:
        conditions.append({"$not": [{"$eq": [_field("summary.weave.status"), _literal("running")]}]})
    if status:
        conditions.append({"$eq": [_field("summary.weave.status"), _literal(status)]})
    if since:
        conditions.append({"$gte": [_field("happened_at"), _literal(moment(since, now()).isoformat())]})
    if until:
        conditions.append({"$lt": [_field("happened_at"), _literal(moment(until, now()).isoformat())]})
    if text:
        places = ("op_name", "display_name", "inputs", "output", "exception")
        conditions.append({"$or": [_contains(place, text) for place in places]})
    body: dict[str, Any] = {"project_id": project}
    if ops or traces or roots:
        body["filter"] = {"op_names": ops or None, "trace_ids": traces or None, "trace_roots_only": roots}
    if conditions:
        body["query"] = {"$expr": {"$and": conditions}}
    return body


def _contains(place: str, text: str) -> dict[str, Any]:
    return {"$contains": {"input": _field(place), "substr": _literal(text), "case_insensitive": True}}


def _field(name: str) -> dict[str, Any]:
    return {"$getField": name}


def _literal(value: Any) -> dict[str, Any]:
    return {"$literal": value}
