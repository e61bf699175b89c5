"""From what a scorer said to what is handed back: the outcome of a task, and the call that records the run.

`contract/weave-api.md` §4.3, §4.4. Pure, but for the clock.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Raw, Struct

from otel_bridge.model.scoring import Outcome, Run
from otel_bridge.query.derived import trace_name
from otel_bridge.query.refs import call_ref

if TYPE_CHECKING:
    from otel_bridge.scorer.base import ScorerBusy, ScorerFailed, Verdict
    from otel_bridge.scoring.assignments import Assignment

ATTRIBUTE: Final = "otel_bridge"
"""Calls with `attributes.otel_bridge.scoring` are runs of scorers."""
MAX_OP_NAME_CHARS: Final = 128
MAX_DISPLAY_NAME_CHARS: Final = 1024
MAX_ERROR_CHARS: Final = 8 << 10
SUFFIX: Final = ".score"
NOTHING: Final = Raw(b"null")
GONE: Final = "the call is gone"

_encode: Final = msgspec.json.Encoder().encode


class _Head(Struct, frozen=True):
    """What a run says of the call it is about."""

    op_name: str
    display_name: str | None = None


_HEAD: Final = msgspec.json.Decoder(_Head)


def now() -> int:
    """Return the time in microseconds since the epoch."""
    return time.time_ns() // 1000


class Ran(Struct, frozen=True):
    """A scorer ran: on which call (its line), and when."""

    line: bytes
    started_at: int
    ended_at: int


def scored(held: Assignment, ran: Ran, verdict: Verdict) -> Outcome:
    """Return the outcome of a task whose scorer gave a verdict."""
    summary = Raw(_encode({"usage": verdict.usage})) if verdict.usage else Raw(b"{}")
    run = _run(held, ran, inputs=verdict.inputs, output=verdict.output, summary=summary, notes=verdict.notes)
    return Outcome(task=held.task, attempt=held.leased.attempt, state="done", output=verdict.output, run=run)


def failed(held: Assignment, ran: Ran, error: ScorerFailed | ScorerBusy) -> Outcome:
    """Return the outcome of a task whose scorer failed: its run has the exception, and there is no output."""
    reason = shortened(str(error) or type(error).__name__)
    summary = Raw(_encode({"usage": error.usage})) if error.usage else Raw(b"{}")
    run = _run(
        held, ran, inputs=error.inputs or Raw(b"{}"), output=NOTHING, summary=summary, exception=reason
    )
    return Outcome(task=held.task, attempt=held.leased.attempt, state="failed", error=reason, run=run)


def not_run(held: Assignment, reason: str) -> Outcome:
    """Return the outcome of a task that cannot be carried out: no scorer ran."""
    return Outcome(task=held.task, attempt=held.leased.attempt, state="failed", error=shortened(reason))


def later(held: Assignment, reason: str, seconds: float) -> Outcome:
    """Return the outcome of a task that is tried again, so much later."""
    due_at = now() + round(seconds * 1_000_000)
    return Outcome(
        task=held.task, attempt=held.leased.attempt, state="queued", error=shortened(reason), due_at=due_at
    )


def given_back(held: Assignment) -> Outcome:
    """Return the outcome of a task that another worker is to carry out: this one stops."""
    return Outcome(task=held.task, attempt=held.leased.attempt, state="queued", due_at=now())


def shortened(reason: str) -> str:
    """Return a reason that fits into an error."""
    return reason if len(reason) <= MAX_ERROR_CHARS else reason[:MAX_ERROR_CHARS] + " …"


def _run(
    held: Assignment,
    ran: Ran,
    *,
    inputs: Raw,
    output: Raw,
    summary: Raw,
    notes: dict[str, Any] | None = None,
    exception: str | None = None,
) -> Run:
    head = _HEAD.decode(ran.line)
    name = held.spec.name
    about = head.display_name or trace_name(head.op_name)
    return Run(
        op_name=name[: MAX_OP_NAME_CHARS - len(SUFFIX)] + SUFFIX,
        display_name=f"{name} on {about}"[:MAX_DISPLAY_NAME_CHARS],
        started_at=ran.started_at,
        ended_at=ran.ended_at,
        inputs=_with_self(inputs, held.task.scorer_ref),
        output=output,
        summary=summary,
        attributes=Raw(_encode(_attributes(held, notes))),
        exception=exception,
    )


def _with_self(inputs: Raw, scorer_ref: str) -> Raw:
    text = bytes(inputs)
    head = b'{"self":' + _encode(scorer_ref)
    return Raw(head + b"}" if text == b"{}" else head + b"," + text[1:])


def _attributes(held: Assignment, notes: dict[str, Any] | None) -> dict[str, Any]:
    task = held.task
    about: dict[str, Any] = {
        "scored_call": call_ref(task.project_id, task.call_id),
        "scorer": task.scorer_ref,
        "job_id": task.job_id or None,
        "monitor": task.trigger_ref,
        "attempt": held.attempt,
        "generation": task.generation,
    }
    scoring = {name: value for name, value in about.items() if value is not None}
    return {ATTRIBUTE: {"scoring": scoring | (notes or {})}}
