"""The bodies and queries of the endpoints about scores that people and Weave's SDK ask.

No postponed annotations here: pydantic reads them.
"""

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticKnownError

from otel_bridge.model.scoring import TaskState
from otel_bridge.weave.schema import Closed

MAX_TOLD: Final = 1000
"""Jobs, and errors, that one answer about scoring tells."""
_MAX_ENTRIES: Final = 100_000
"""Entries of a list that pydantic may have to write an error for; duplicates among them are nothing bad."""


def _bounded(value: Any) -> Any:
    if isinstance(value, list) and len(value) > _MAX_ENTRIES:
        size = {"field_type": "List", "max_length": _MAX_ENTRIES, "actual_length": len(value)}
        raise PydanticKnownError("too_long", size)
    return value


class CallsScoreReq(Closed):
    """Queues the work; results arrive later as feedback on the calls."""

    project_id: str
    call_ids: Annotated[list[str], BeforeValidator(_bounded), Field(description="Calls to score.")]
    scorer_refs: Annotated[
        list[str],
        BeforeValidator(_bounded),
        Field(description="Object or op refs of scorers; each is applied to each call."),
    ]
    wb_user_id: str | None = Field(default=None, description="Kept as it is sent: there are no users here.")


class ScoreOptions(BaseModel):
    """The query of `/calls/score`."""

    again: bool = Field(default=False, description="Score again what has been scored already.")


class ScoringStatusQuery(BaseModel):
    """The query of `/calls/score/status`."""

    project_id: str = Field(description="entity/project", examples=["acme/app"])
    job_id: str | None = Field(
        default=None, description="One request's work: what `X-Scoring-Job-Id` of its answer said."
    )
    state: TaskState | None = Field(default=None, description="Tasks in this state only.")
    scorer: str | None = Field(default=None, description="Tasks of this scorer only, by its ref.")
    limit: int = Field(default=20, ge=0, le=MAX_TOLD, description="Jobs, and errors, that are told of.")


class ScorersQuery(BaseModel):
    """The query of `/bridge/scorers`."""

    project_id: str | None = Field(
        default=None, description="With the scorers that were published here.", examples=["acme/app"]
    )
