"""`POST /calls/score`: all that is wrong with a request is told at once, and what is taken is kept first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import orjson

from otel_bridge.model.questions import AskUnknownCalls
from otel_bridge.model.scoring import MAX_REQUEST_CALLS, MAX_REQUEST_TASKS, Task
from otel_bridge.model.tasks import EnqueueTasks
from otel_bridge.weave.refusals import WriteRefused, reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from otel_bridge.api.parts import Parts
    from otel_bridge.api.scoring.bodies import CallsScoreReq
    from otel_bridge.api.scoring.desk import ScoringDesk
    from otel_bridge.api.scoring.scorers import Chosen

MAX_REQUEST_SCORERS: Final = 100
"""Scorers of one `/calls/score`."""
_PREDICATES: Final = ("is ", "names ")
"""How reasons begin whose subject is the name that was given."""
_TOGETHER: Final = 1_000
"""Tasks that are made and queued in one go, so that nobody else waits long for the event loop."""


async def calls_score(
    parts: Parts, desk: ScoringDesk, asked: CallsScoreReq, job_id: str, *, again: bool
) -> None:
    """Queue every scorer for every call; return when all tasks are kept.

    What is queued, or done already, is not queued twice; `again` queues what is done. Raise WriteRefused with
    400 when a scorer is malformed, unknown or unusable, with 404 when only calls are unknown: either names
    all scorers and all calls that are at fault.
    """
    call_ids = tuple(dict.fromkeys(asked.call_ids))
    refs = tuple(dict.fromkeys(asked.scorer_refs))
    _check_size(len(call_ids), len(refs))
    unknown, (chosen, unfit) = await asyncio.gather(
        _unknown(parts, asked.project_id, call_ids), desk.scorers.choose(parts.calls, refs)
    )
    if unknown or unfit:
        raise _refusal(unknown, unfit)
    if not call_ids or not refs:
        return
    published = await _published(parts, desk, asked.project_id, chosen.values())
    for tasks in _tasks(asked, call_ids, published, job_id):
        queued = await desk.enqueue(EnqueueTasks(tasks=tasks, again=again))
        parts.telemetry.scored(queued=queued)


def _check_size(calls: int, scorers: int) -> None:
    if calls > MAX_REQUEST_CALLS:
        raise reason(400, f"call_ids: {calls} calls, and {MAX_REQUEST_CALLS} are the most for one request")
    if scorers > MAX_REQUEST_SCORERS:
        raise reason(
            400, f"scorer_refs: {scorers} scorers, and {MAX_REQUEST_SCORERS} are the most for one request"
        )
    if calls * scorers > MAX_REQUEST_TASKS:
        raise reason(
            400, f"call_ids times scorer_refs: {calls * scorers}, and {MAX_REQUEST_TASKS} is the most"
        )


async def _unknown(parts: Parts, project_id: str, call_ids: tuple[str, ...]) -> list[str]:
    if not call_ids:
        return []
    found: list[str] = orjson.loads(
        await parts.calls.answer(AskUnknownCalls(project_id=project_id, call_ids=call_ids))
    )
    return found


def _refusal(unknown: Sequence[str], unfit: Mapping[str, str]) -> WriteRefused:
    """Name everything in `reason` for people, and apart for programs."""
    told = [_named(ref, why) for ref, why in unfit.items()]
    said = [f"scorer_refs: {'; '.join(told)}"] if told else []
    if unknown:
        said.append(f"call_ids: not known: {', '.join(unknown)}")
    body: dict[str, object] = {"reason": "; ".join(said)}
    body |= {"unknown_calls": unknown} if unknown else {}
    body |= {"unusable_scorers": unfit} if unfit else {}
    return WriteRefused(400 if unfit else 404, orjson.dumps(body))


def _named(ref: str, why: str) -> str:
    """Put the name before a reason that lacks it: as its subject, else apart."""
    if ref and why.startswith(ref):
        return why
    return f"{ref!r} {why}" if why.startswith(_PREDICATES) else f"{ref!r}: {why}"


async def _published(
    parts: Parts, desk: ScoringDesk, project_id: str, chosen: Iterable[Chosen]
) -> tuple[str, ...]:
    """Return the refs of the scorers, each once; registered ones are published to the project first."""
    refs = [
        one.ref or await desk.scorers.publish(parts.calls, project_id, one.spec, parts.clock())
        for one in chosen
    ]
    return tuple(dict.fromkeys(refs))


def _tasks(
    asked: CallsScoreReq, call_ids: Sequence[str], scorer_refs: Sequence[str], job_id: str
) -> Iterator[tuple[Task, ...]]:
    calls = max(1, _TOGETHER // len(scorer_refs))
    for at in range(0, len(call_ids), calls):
        yield tuple(
            Task(
                project_id=asked.project_id,
                call_id=call_id,
                scorer_ref=scorer_ref,
                job_id=job_id,
                wb_user_id=asked.wb_user_id,
            )
            for call_id in call_ids[at : at + calls]
            for scorer_ref in scorer_refs
        )
