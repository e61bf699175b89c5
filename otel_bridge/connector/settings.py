"""The keys of connectors (`contract/pipeline-config.md` §1.5): one strict model for each type."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from otel_bridge.condition.paths import ErrorMode  # noqa: TC001 - pydantic reads the annotations
from otel_bridge.parsers import Strict

Pipelines = Annotated[tuple[str, ...], Field(min_length=1)]


class RoutingRow(Strict):
    """Where spans or resources go that meet a condition."""

    context: Literal["resource", "span"] = "resource"
    """What the condition is asked of, and what goes there: whole resources, or single spans."""
    condition: str
    """What is asked: a [condition](conditions.md)."""
    pipelines: Pipelines
    """The pipelines that take them."""


class RoutingSettings(Strict):
    """Leads spans into pipelines: each by the first row that it meets, else into the default ones."""

    table: Annotated[tuple[RoutingRow, ...], Field(min_length=1)]
    """The rows, in the order in which they are asked."""
    default_pipelines: tuple[str, ...] = ()
    """What takes the rest; without any it is dropped and counted."""
    error_mode: ErrorMode = "propagate"
    """Taken and not heeded: a [condition](conditions.md) never fails here."""

    @model_validator(mode="after")
    def _rows_can_be_reached(self) -> Self:
        seen: set[tuple[str, str]] = set()
        for row in self.table:
            if (row.context, row.condition) in seen:
                raise ValueError(
                    f"the condition {row.condition} is there twice: the second one is never asked"
                )
            seen.add((row.context, row.condition))
        return self


class ForwardSettings(Strict):
    """Leads everything on, into every pipeline that names it as a receiver."""
