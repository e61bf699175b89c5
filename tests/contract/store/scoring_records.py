"""Builders of scoring tasks and of what becomes of them."""

from __future__ import annotations

import orjson
from msgspec import Raw

from otel_bridge.model import annex
from otel_bridge.model import questions as q
from otel_bridge.model import tasks as t
from otel_bridge.model.scoring import EndedCall, Leased, Outcome, Run, Task
from tests.contract.store.records import PROJECT, T0, Store, call_id

SECOND = 1_000_000
LEASE = 60 * SECOND
"""What `claim` asks for."""
A = f"weave:///{PROJECT}/object/a:1"
B = f"weave:///{PROJECT}/object/b:1"
C = f"weave:///{PROJECT}/object/c:1"


def a_task(number: int = 1, scorer_ref: str = A, **members) -> Task:
    known = {"project_id": PROJECT, "call_id": call_id(number), "scorer_ref": scorer_ref}
    return Task(**(known | members))


def queue(*tasks: Task, again: bool = False, **members) -> t.EnqueueTasks:
    return t.EnqueueTasks(tasks=tasks, again=again, **members)


def claim(worker: str = "w", limit: int = 100, **members) -> t.ClaimTasks:
    return t.ClaimTasks(worker=worker, limit=limit, **members)


def a_run(**members) -> Run:
    known = {
        "op_name": "a.score",
        "started_at": T0,
        "ended_at": T0 + SECOND,
        "inputs": Raw(b'{"output":1}'),
        "output": Raw(b"true"),
        "summary": Raw(b"{}"),
        "attributes": Raw(b"{}"),
    }
    return Run(**(known | members))


def done(leased: Leased, output: bytes = b'{"passed":true}', **run) -> Outcome:
    return Outcome(
        task=leased.task, attempt=leased.attempt, state="done", output=Raw(output), run=a_run(**run)
    )


def failed(leased: Leased, error: str = "it broke", *, with_run: bool = True) -> Outcome:
    run = a_run(output=Raw(b"null"), exception=error) if with_run else None
    return Outcome(task=leased.task, attempt=leased.attempt, state="failed", error=error, run=run)


def put_off(leased: Leased, until: int, error: str | None = "busy") -> Outcome:
    return Outcome(task=leased.task, attempt=leased.attempt, state="queued", error=error, due_at=until)


def given_back(leased: Leased, now: int = T0) -> Outcome:
    """A task that its worker did not try."""
    return put_off(leased, now, None)


def settle(*outcomes: Outcome) -> t.SettleTasks:
    return t.SettleTasks(outcomes=outcomes)


def lent(store: Store, *, now: int = T0, **asked) -> list[Leased]:
    """What a claim lends."""
    return list(store.score(claim(**asked), now=now).leased)


def scored(store: Store, *tasks: Task, now: int = T0) -> list[Leased]:
    """Queue tasks, lend them and settle them as done; return the leases."""
    store.score(queue(*tasks), now=now)
    leases = lent(store, now=now, limit=len(tasks))
    store.score(settle(*map(done, leases)), now=now)
    return leases


def keys(leases: list[Leased]) -> list[tuple[int, str]]:
    return [(int(one.task.call_id, 16), one.task.scorer_ref) for one in leases]


def numbers(leases: list[Leased]) -> list[int]:
    return [number for number, _ in keys(leases)]


def monitor(*, active: bool = True, name: str = "m", project_id: str = PROJECT, leaf: str = "Monitor"):
    val = b'{"active":true,"name":"m"}' if active else b'{"active":false,"name":"m"}'
    version = annex.Version(
        project_id=project_id, object_id=name, digest=f"{name} {active} {leaf}", is_op=False, val=val,
        base_class=leaf, leaf_class=leaf,
    )  # fmt: skip
    return annex.KeepObject(version=version)


def status(store: Store, project_id: str = PROJECT, **asked):
    return orjson.loads(store.reader.answer(q.AskScoring(project_id=project_id, **asked)))


def counts(store: Store, **asked) -> dict[str, int]:
    """Tasks by state, those states that have any."""
    return {state: count for state, count in status(store, **asked)["counts"].items() if count}


def feedback(store: Store) -> list[dict]:
    return orjson.loads(store.reader.answer(q.AskFeedback(project_id=PROJECT)))["result"]


def ended(store: Store, *, now: int = T0, limit: int = 100) -> list[int]:
    """The numbers of the ended calls that a claim offers."""
    calls = store.score(claim(limit=0, ended=limit), now=now).ended
    return [int(call.call_id, 16) for call in calls]


def an_ended(number: int = 1) -> EndedCall:
    return EndedCall(PROJECT, call_id(number), T0 + 1_500_000)
