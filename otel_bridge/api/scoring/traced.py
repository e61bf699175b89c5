"""What is said of scoring in the bridge's own traces: each run of a scorer, wherever its worker is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otel_bridge.model.scoring import Outcome
    from otel_bridge.tracing import Facts, Tracing


def tell_of_runs(tracing: Tracing, outcomes: Iterable[Outcome]) -> None:
    """Tell of the runs that a worker hands back, each in a trace of its own, with its times there."""
    for outcome in outcomes:
        run, task = outcome.run, outcome.task
        if run is None:
            continue
        facts: Facts = {
            "scorer": task.scorer_ref,
            "project": task.project_id,
            "call_id": task.call_id,
            "run_id": task.run_id,
            "attempt": outcome.attempt,
            "outcome": outcome.state,
        }
        failed = "the scorer failed" if outcome.state == "failed" else None
        tracing.done(
            f"scorer/{run.op_name}", run.started_at * 1000, run.ended_at * 1000, facts, failed=failed
        )
