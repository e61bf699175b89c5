"""Tells how scoring goes, and which scorers there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from otel_bridge.model.questions import AskScoring

if TYPE_CHECKING:
    from otel_bridge.api.parts import Parts
    from otel_bridge.api.scoring.bodies import ScorersQuery, ScoringStatusQuery
    from otel_bridge.api.scoring.desk import ScoringDesk


async def status(parts: Parts, _desk: ScoringDesk, asked: ScoringStatusQuery) -> bytes:
    """Count tasks by state, by scorer and by job, and tell the newest errors."""
    return await parts.calls.answer(
        AskScoring(
            project_id=asked.project_id,
            job_id=asked.job_id,
            state=asked.state,
            scorer_ref=asked.scorer,
            limit=asked.limit,
        )
    )


async def scorers(parts: Parts, desk: ScoringDesk, asked: ScorersQuery) -> bytes:
    """List scorers that are registered, and those that were published to a project."""
    return orjson.dumps({"scorers": await desk.scorers.listed(parts.calls, asked.project_id)})
