"""`otel-bridge score`: asks for scores, watches them being given, and says what came of it."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from otel_bridge.commands import asking
from otel_bridge.commands.failing import STOPPED_EXIT, CommandFailed, told
from otel_bridge.commands.progress import progress
from otel_bridge.commands.remote import RemoteSource
from otel_bridge.commands.scoring_inline import is_inline, object_of
from otel_bridge.commands.scoring_summary import Summary, show_summary
from otel_bridge.commands.source import checked_project
from otel_bridge.model.scoring import MAX_REQUEST_CALLS, MAX_REQUEST_TASKS
from otel_bridge.query.derived import REF_SCHEME
from otel_bridge.query.refs import object_ref

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LOOK_SECONDS: Final = 0.3
_WAITING: Final = ("queued", "leased")


def score_calls(
    *,
    url: str,
    project: str,
    scorers: Sequence[str],
    limit: int | None,
    again: bool,
    wait: bool,
    as_json: bool,
    sleep: Callable[[float], None] = time.sleep,
    **filters: Any,
) -> None:
    """Score the calls that the filters select; exit with 1 when a score failed or no call matched."""
    checked_project(project)
    with told(), closing(RemoteSource(url)) as bridge:
        names = _names(bridge, project, scorers)
        ids = _ids(bridge, asking.selection(project=project, runs=False, running=False, **filters), limit)
        if not ids:
            raise CommandFailed(f"no calls of {project} match that have ended: nothing was scored")
        jobs = list(_asked(bridge, project, names, ids, again=again))
        if not wait:
            click.echo(f"asked for {len(ids)} calls by {len(names)} scorers; jobs: {', '.join(jobs)}")
            return
        try:
            _watch(bridge, project, jobs, sleep)
        except KeyboardInterrupt:
            click.echo("stopped waiting; scoring goes on", err=True)
            raise click.exceptions.Exit(STOPPED_EXIT) from None
        summary = Summary(bridge, project, jobs, ids)
    if as_json:
        sys.stdout.write(msgspec.json.encode(summary.document()).decode() + "\n")
    else:
        show_summary(summary)
    if summary.failed:
        raise click.exceptions.Exit(1)


def _names(bridge: RemoteSource, project: str, scorers: Sequence[str]) -> list[str]:
    """Return names and refs; scorers that are described are published first."""
    objects = [object_of(text) if is_inline(text) else None for text in scorers]
    bare = any(
        val is None and not text.startswith(REF_SCHEME) for text, val in zip(scorers, objects, strict=True)
    )
    known = _refs_by_name(bridge, project) if bare else {}
    return [
        known.get(text, text) if val is None else _published(bridge, project, val)
        for text, val in zip(scorers, objects, strict=True)
    ]


def _refs_by_name(bridge: RemoteSource, project: str) -> dict[str, str]:
    """Return the refs of scorers that only the project has, by the names that `otel-bridge scorers` lists."""
    found = bridge.look("/bridge/scorers", project_id=project)["scorers"]
    registered = {one["name"] for one in found if not one["ref"]}
    return {one["name"]: one["ref"] for one in found if one["ref"] and one["name"] not in registered}


def _published(bridge: RemoteSource, project: str, val: dict[str, Any]) -> str:
    created = {"project_id": project, "object_id": val["name"], "val": val}
    digest = bridge.ask("/obj/create", {"obj": created})["digest"]
    return object_ref(project, "object", val["name"], digest)


def _ids(bridge: RemoteSource, selection: dict[str, Any], limit: int | None) -> list[str]:
    """Return the ids of the selected calls, the newest first."""
    body = selection | {
        "sort_by": [{"field": "started_at", "direction": "desc"}],
        "columns": ["id"],
        "limit": limit,
    }
    return [msgspec.json.decode(line)["id"] for line in bridge.calls(body)]


def _asked(
    bridge: RemoteSource, project: str, names: Sequence[str], ids: Sequence[str], *, again: bool
) -> list[str]:
    """Ask in requests of a size that the bridge takes; return the ids of the jobs."""
    together = max(1, min(MAX_REQUEST_CALLS, MAX_REQUEST_TASKS // len(names)))
    left, jobs = iter(ids), []
    while some := list(islice(left, together)):
        body = {"project_id": project, "call_ids": some, "scorer_refs": names}
        jobs.append(bridge.score(body, again=again))
    return jobs


def _watch(bridge: RemoteSource, project: str, jobs: Sequence[str], sleep: Callable[[float], None]) -> None:
    """Return when nothing of the jobs waits any more."""
    shown = 0
    total = sum(sum(_counts(bridge, project, job).values()) for job in jobs)
    with progress("scoring", total) as bar:
        while True:
            counts = [_counts(bridge, project, job) for job in jobs]
            waiting = sum(one[state] for one in counts for state in _WAITING)
            ready = sum(sum(one.values()) for one in counts) - waiting
            bar(ready - shown)
            shown = ready
            if not waiting:
                return
            sleep(LOOK_SECONDS)


def _counts(bridge: RemoteSource, project: str, job: str) -> dict[str, int]:
    answer = bridge.look("/calls/score/status", project_id=project, job_id=job, limit=0)
    counts: dict[str, int] = answer["counts"]
    return counts
