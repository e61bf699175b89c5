"""What the writer does with a change of scoring tasks before the store sees it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec
import orjson
from msgspec import Raw, Struct
from msgspec.structs import replace

from otel_bridge.errors import InvalidRequest
from otel_bridge.ingest.frames import frame
from otel_bridge.ingest.scoring_frames import ChangeTasks, TasksChanged
from otel_bridge.model import tasks as t
from otel_bridge.model.tasks import MAX_NAME_CHARS, MAX_REF_CHARS
from otel_bridge.weave import fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.ingest.ledger import Ledger
    from otel_bridge.model.call import Change
    from otel_bridge.model.scoring import Outcome, Run, Task
    from otel_bridge.queue.base import NewRecord

MAX_TASKS: Final = 30_000
"""Of one change."""

_PLACE: Final = re.compile(r"at `\$\.([^`]+)`$")
"""Where msgspec met what it did not expect."""
_decode: Final = msgspec.json.Decoder(t.ScoringChange).decode


class TasksChange(Struct, frozen=True):
    """A change of tasks that is ready to be applied: committed like a request."""

    id: int
    change: t.ScoringChange
    now: int
    changes: Sequence[Change] = ()
    records: Sequence[NewRecord] = ()

    def apply(self, ledger: Ledger) -> bytes:
        """As `ingest.requests.Prepared.apply`."""
        answer = ledger.apply_scoring(self.change, now=self.now)
        return frame(TasksChanged(self.id), msgspec.json.encode(answer))


def prepare_scoring(request: ChangeTasks, body: bytes) -> TasksChange:
    """Decode and check a change; raise InvalidRequest, which names the member at fault."""
    try:
        change = _decode(body)
    except msgspec.MsgspecError as error:
        found = _PLACE.search(str(error))
        field = found[1] if found else "body"
        raise InvalidRequest(f"not a change of scoring tasks: {error}", field=field) from error
    return TasksChange(request.id, _checked(change), request.now)


def _checked(change: t.ScoringChange) -> t.ScoringChange:
    match change:
        case t.EnqueueTasks():
            _check_tasks(change.tasks, "tasks")
            _check_count(len(change.ended), "ended")
        case t.ClaimTasks():
            check_claim(change)
        case t.RenewTasks():
            _check_worker(change.worker, change.lease_seconds)
            _check_tasks(change.tasks, "tasks")
        case t.SettleTasks(outcomes=outcomes):
            _check_count(len(outcomes), "outcomes")
            return t.SettleTasks(
                outcomes=tuple(_outcome(one, f"outcomes[{at}]") for at, one in enumerate(outcomes))
            )
    return change


def check_claim(change: t.ClaimTasks) -> None:
    """Raise InvalidRequest for a claim that makes no sense."""
    _check_worker(change.worker, change.lease_seconds)
    for name, number in (("limit", change.limit), ("ended", change.ended)):
        _check(0 <= number <= t.MAX_CLAIM, f"{name} must be between 0 and {t.MAX_CLAIM}", name)
    if change.keys is not None:
        _check(len(change.keys) <= t.MAX_CLAIM, f"keys are more than {t.MAX_CLAIM}", "keys")
        _check_tasks(change.keys, "keys")


def _check_worker(worker: str, lease_seconds: int) -> None:
    _check(0 < len(worker) <= MAX_NAME_CHARS, f"worker must have 1 to {MAX_NAME_CHARS} characters", "worker")
    longest = t.MAX_LEASE_SECONDS
    _check(0 < lease_seconds <= longest, f"lease_seconds must be between 1 and {longest}", "lease_seconds")


def _check_tasks(tasks: Sequence[Task], field: str) -> None:
    _check_count(len(tasks), field)
    for at, task in enumerate(tasks):
        _check_task(task, f"{field}[{at}]")


def _check_count(count: int, field: str) -> None:
    _check(count <= MAX_TASKS, f"{field} are more than {MAX_TASKS}", field)


def _check_task(task: Task, field: str) -> None:
    _named(task.call_id, f"{field}.call_id", MAX_NAME_CHARS)
    _named(task.scorer_ref, f"{field}.scorer_ref", MAX_REF_CHARS)
    _check(task.generation >= 0, f"{field}.generation is below 0", f"{field}.generation")
    _check(len(task.job_id) <= MAX_NAME_CHARS, f"{field}.job_id is too long", f"{field}.job_id")
    try:
        fields.project_id(task.project_id)
    except fields.BadValue as error:
        raise _refused(field, error) from error


def _named(text: str, field: str, longest: int) -> None:
    _check(0 < len(text) <= longest and "\0" not in text, f"{field} is empty, too long or holds a NUL", field)


def _outcome(outcome: Outcome, field: str) -> Outcome:
    """Check an outcome, and write its trees down as the store keeps trees."""
    _check_task(outcome.task, f"{field}.task")
    match outcome.state:
        case "done":
            _check(outcome.run is not None, f"{field} is done and has no run", f"{field}.run")
        case "failed":
            _check(bool(outcome.error), f"{field} has failed and has no error", f"{field}.error")
        case "queued":
            _check(outcome.run is None, f"{field} is tried again and has a run", f"{field}.run")
            _check(outcome.due_at is not None, f"{field} is tried again and has no due_at", f"{field}.due_at")
    run = None if outcome.run is None else _run(outcome.run, f"{field}.run")
    return replace(outcome, output=_tree(outcome.output, f"{field}.output"), run=run)


def _run(run: Run, field: str) -> Run:
    try:
        op_name = fields.op_name(run.op_name)
        display_name = fields.display_name(run.display_name)
    except fields.BadValue as error:
        raise _refused(field, error) from error
    _check(bool(op_name), f"{field}.op_name is empty", f"{field}.op_name")
    return replace(
        run,
        op_name=op_name,
        display_name=display_name,
        inputs=_tree(run.inputs, f"{field}.inputs", kind=dict),
        output=_tree(run.output, f"{field}.output"),
        summary=_tree(run.summary, f"{field}.summary", kind=dict),
        attributes=_tree(run.attributes, f"{field}.attributes", kind=dict),
    )


def _tree(raw: Raw, field: str, kind: type[Any] = object) -> Raw:
    try:
        tree = orjson.loads(memoryview(raw))
        written = fields.tree(tree, field)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"{field} is not JSON: {error}", field=field) from error
    except fields.BadValue as error:
        raise _refused(field, error) from error
    _check(isinstance(tree, kind), f"{field} must be an object", field)
    return Raw(written)


def _check(fine: bool, message: str, field: str) -> None:  # noqa: FBT001 - which of two holds
    if not fine:
        raise InvalidRequest(message, field=field)


def _refused(field: str, error: fields.BadValue) -> InvalidRequest:
    return InvalidRequest(f"{field}: {error}", field=field)
