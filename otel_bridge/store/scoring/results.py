"""What a settled task leaves: its run as a call, and its feedback (`contract/weave-api.md` §4.3, §4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from msgspec import Struct

from otel_bridge.model.annex import Feedback
from otel_bridge.model.call import CompletedCall, EndedCall, StartedCall
from otel_bridge.model.tasks import MAX_OUTPUT_BYTES
from otel_bridge.query.refs import call_ref, parsed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.model.scoring import Outcome, Run, Task

MAX_ERROR_CHARS: Final = 4_000
"""Of an error beside a task; the run has all of it."""
RUNNABLE: Final = "wandb.runnable."

_UNSAID: Final[Mapping[str, Any]] = {
    "annotation_ref": None,
    "queue_id": None,
    "scorer_tags": [],
    "scorer_tag_reasons": {},
    "scorer_tag_confidences": {},
    "scorer_ratings": {},
    "scorer_rating_reasons": {},
    "scorer_rating_confidences": {},
    "span_agent_name": "",
    "span_agent_version": "",
    "span_status_code": "UNSET",
    "span_conversation_id": "",
    "span_trace_id": "",
    "scorer_trace_id": "",
}
"""Members of feedback that scoring says nothing of, as they are when an SDK does not send them."""


class Results(Struct, frozen=True):
    """Calls and feedback that belong to one transaction with the states of their tasks."""

    calls: list[CompletedCall]
    feedback: list[Feedback]

    def add(self, task: Task, outcome: Outcome) -> None:
        """Take what an outcome leaves: nothing, when the task is tried again."""
        if outcome.state == "queued":
            return
        error, run_id = too_large(outcome), task.run_id
        if outcome.run is not None:
            self.calls.append(run_call(task, run_id, outcome.run, error))
        if outcome.state == "done" and error is None:
            self.feedback.append(feedback_of(task, run_id, outcome))


def too_large(outcome: Outcome) -> str | None:
    """Tell of an output that no feedback may hold."""
    if len(outcome.output) <= MAX_OUTPUT_BYTES:
        return None
    return f"the output is larger than 1 MiB: {len(outcome.output)} bytes"


def run_call(task: Task, run_id: str, run: Run, error: str | None) -> CompletedCall:
    """Make the call that records a run; `error` is what became of it afterwards."""
    start = StartedCall(
        project_id=task.project_id,
        id=run_id,
        trace_id=task.trace_id,
        op_name=run.op_name,
        display_name=run.display_name,
        started_at=run.started_at,
        attributes=bytes(run.attributes),
        inputs=bytes(run.inputs),
        wb_user_id=task.wb_user_id,
    )
    end = EndedCall(
        project_id=task.project_id,
        id=run_id,
        ended_at=run.ended_at,
        summary=bytes(run.summary),
        output=bytes(run.output),
        exception=run.exception or error,
    )
    return CompletedCall(start, end)


def feedback_of(task: Task, run_id: str, outcome: Outcome) -> Feedback:
    """Make the feedback that a scorer gave."""
    scorer = parsed(task.scorer_ref)
    kind = RUNNABLE + (scorer.name if scorer is not None else task.scorer_ref)
    scored = call_ref(task.project_id, task.call_id)
    feedback_id = task.feedback_id
    members = {
        "project_id": task.project_id,
        "weave_ref": scored,
        "creator": None,
        "feedback_type": kind,
        "payload": {"output": orjson.Fragment(bytes(outcome.output))},
        "runnable_ref": task.scorer_ref,
        "call_ref": call_ref(task.project_id, run_id),
        "trigger_ref": task.trigger_ref,
        **_UNSAID,
        "wb_user_id": task.wb_user_id,
        "id": feedback_id,
    }
    return Feedback(
        project_id=task.project_id,
        id=feedback_id,
        weave_ref=scored,
        feedback_type=kind,
        members=orjson.dumps(members),
    )
