"""Which projects a write changes, and whether its sender may."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from otel_bridge.model import annex
from otel_bridge.model import call as calls
from otel_bridge.model.projects import Projects
from otel_bridge.weave.refusals import reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otel_bridge.model.annex import AnnexChange
    from otel_bridge.model.call import Change


def check_projects(changes: Iterable[Change | AnnexChange], globs: tuple[str, ...]) -> None:
    """Raise WriteRefused (403), which names the project, for a change outside of the globs."""
    allowed = Projects(globs)
    for change in changes:
        for project_id in touched(change):
            if not allowed.holds(project_id):
                raise reason(403, f"this key is not for the project {project_id}")


def touched(change: Change | AnnexChange) -> Iterator[str]:
    """Yield every project that a change is kept in."""
    match change:
        case calls.CompletedCall(start=start, end=end):
            yield from (start.project_id, end.project_id)
        case annex.KeepFeedback(rows=rows):
            yield from (row.project_id for row in rows)
        case annex.KeepPrices(prices=prices):
            yield from (price.project_id for price in prices)
        case annex.KeepObject(version=version):
            yield version.project_id
        case (
            calls.StartedCall()
            | calls.EndedCall()
            | calls.UpdatedCall()
            | calls.DeletedCalls()
            | calls.LoggedSpan()
            | annex.PurgeFeedback()
            | annex.PurgePrices()
            | annex.DeleteObject()
            | annex.KeepFile()
            | annex.KeepTable()
            | annex.LinkTable()
            | annex.UpdateTable()
        ):
            yield change.project_id
        case _:
            assert_never(change)
