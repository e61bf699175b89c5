"""Tells how the scoring tasks of a project stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from otel_bridge.errors import NotFound
from otel_bridge.query.refs import parsed
from otel_bridge.query.values import iso
from otel_bridge.store.scoring.base import STATES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otel_bridge.model.questions import AskScoring
    from otel_bridge.store.scoring.base import Entry, Job, StateCount, TaskReads


def status(reads: TaskReads, asked: AskScoring) -> bytes:
    """Answer `/calls/score/status`; raise NotFound for a job that is not known."""
    jobs = reads.jobs(asked.project_id, asked.job_id, limit=asked.limit)
    if asked.job_id is not None and not jobs:
        raise NotFound(f"job {asked.job_id} is not known")
    counts = [one for one in reads.task_counts(asked.project_id, asked.job_id) if _is_asked_for(one, asked)]
    refs = list(dict.fromkeys(one.scorer_ref for one in counts))
    limit = max(1, asked.limit)
    troubles = {
        ref: reads.troubles(asked.project_id, asked.job_id, ref, asked.state, limit=limit) for ref in refs
    }
    newest = sorted((one for found in troubles.values() for one in found), key=lambda one: -one.changed_at)
    answer = {
        "counts": _by_state(counts),
        "scorers": [
            {
                "scorer_ref": ref,
                "name": scorer.name if (scorer := parsed(ref)) is not None else ref,
                "counts": _by_state(one for one in counts if one.scorer_ref == ref),
                "last_error": next(map(_error, troubles[ref]), None),
            }
            for ref in refs
        ],
        "jobs": list(map(_job, jobs)),
        "errors": list(map(_error, newest[: asked.limit])),
        "ended_calls": reads.ended_count(asked.project_id),
    }
    return orjson.dumps(answer)


def _is_asked_for(one: StateCount, asked: AskScoring) -> bool:
    return asked.scorer_ref in {None, one.scorer_ref} and asked.state in {None, one.state}


def _by_state(counts: Iterable[StateCount]) -> dict[str, int]:
    found: dict[str, int] = dict.fromkeys(STATES, 0)
    for one in counts:
        found[one.state] += one.count
    return found


def _job(job: Job) -> dict[str, Any]:
    return {"job_id": job.job_id, "asked_at": iso(job.asked_at), "tasks": job.tasks}


def _error(entry: Entry) -> dict[str, Any]:
    return {
        "call_id": entry.task.call_id,
        "scorer_ref": entry.task.scorer_ref,
        "state": entry.state,
        "attempt": entry.attempt,
        "error": entry.error,
        "at": iso(entry.changed_at),
    }
