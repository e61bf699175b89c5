"""What came of scoring, as a table: how many, how they went, and the last error, by scorer."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import islice
from math import fsum
from typing import TYPE_CHECKING, Any, Final

import msgspec
from rich.table import Table
from rich.text import Text

from otel_bridge.commands import shown
from otel_bridge.commands.screen import terminal
from otel_bridge.query.refs import parsed
from otel_bridge.stats.payloads import step_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from otel_bridge.commands.remote import RemoteSource

READ_TOGETHER: Final = 1000
"""Calls whose feedback is read by one question: the most that a filter takes."""
TRUTHS: Final = ("passed", "value")
NUMBERS: Final = ("score", "value", "seconds", "length", "cost", "tokens", "count")
"""Members of results that say most, in this order: those of rules are what the rule measured."""
POSITIONS: Final = frozenset({"start", "end", "error_position"})
"""Members that tell a place in a text: their mean says nothing."""
MAX_DEPTH: Final = 4
MAX_ERROR: Final = 200


class Summary:
    """The results that calls have now, of the scorers of some jobs."""

    def __init__(self, bridge: RemoteSource, project: str, jobs: Sequence[str], ids: Sequence[str]) -> None:
        self.calls = len(ids)
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._errors: dict[str, str] = {}
        for job in jobs:
            answer = bridge.look("/calls/score/status", project_id=project, job_id=job)
            for one in answer["scorers"]:
                self._counts[one["scorer_ref"]].update(one["counts"])
                if one["last_error"]:
                    self._errors[one["scorer_ref"]] = one["last_error"]["error"]
        self._outputs: defaultdict[str, list[Any]] = defaultdict(list)
        for ref, output in _outputs(bridge, project, ids):
            if ref in self._counts:
                self._outputs[ref].append(output)

    @property
    def failed(self) -> int:
        """How many scores failed."""
        return sum(counts["failed"] for counts in self._counts.values())

    def scorers(self) -> Iterator[dict[str, Any]]:
        """Yield what there is to say of each scorer, by name."""
        for ref in sorted(self._counts, key=_name_of):
            counts = self._counts[ref]
            yield {
                "scorer": _name_of(ref),
                "scorer_ref": ref,
                "done": counts["done"],
                "failed": counts["failed"],
                **_figures(self._outputs[ref]),
                "last_error": self._errors.get(ref),
            }

    def document(self) -> dict[str, Any]:
        """Return all of it for machines."""
        return {"calls": self.calls, "scorers": list(self.scorers())}


def show_summary(summary: Summary) -> None:
    """Print a table, and the errors below it."""
    table = Table(box=None, pad_edge=False)
    table.add_column("scorer", no_wrap=True)
    for title in ("done", "failed", "passed"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("number", no_wrap=True)
    for title in ("mean", "min", "max"):
        table.add_column(title, justify="right", no_wrap=True)
    errors = []
    for one in summary.scorers():
        table.add_row(
            Text(shown.in_line(one["scorer"])),
            f"{one['done']:,}",
            Text(f"{one['failed']:,}" if one["failed"] else "", style="red"),
            "" if one["pass_rate"] is None else f"{one['pass_rate']:.1%}",
            Text(shown.in_line(one["number"] or "")),
            *(_short(one[name]) for name in ("mean", "min", "max")),
        )
        if one["failed"] and one["last_error"]:
            errors.append(f"{one['scorer']}: {one['last_error']}")
    console = terminal()
    console.print(table, soft_wrap=True)
    for error in errors:
        console.print(Text(shown.in_line(error)[:MAX_ERROR], style="red"), soft_wrap=True)


def _outputs(bridge: RemoteSource, project: str, ids: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield scorer and output of the newest feedback of each scorer on each call."""
    left = iter(ids)
    while some := list(islice(left, READ_TOGETHER)):
        body = {
            "project_id": project,
            "filter": {"call_ids": some},
            "columns": ["id"],
            "include_feedback": True,
        }
        for line in bridge.calls(body):
            said = msgspec.json.decode(line)["summary"]["weave"]["feedback"]
            newest = {one["runnable_ref"]: one["payload"] for one in said if one["runnable_ref"]}
            yield from ((ref, payload.get("output")) for ref, payload in newest.items())


def _figures(outputs: Sequence[Any]) -> dict[str, str | float | None]:
    """Return the share of true, and name (None: the result) and spread of the number that says most."""
    truths: defaultdict[str, list[Any]] = defaultdict(list)
    numbers: defaultdict[str, list[Any]] = defaultdict(list)
    for output in outputs:
        for place, value in _leaves(output, "", MAX_DEPTH):
            (truths if isinstance(value, bool) else numbers)[place].append(value)
    said, number = truths[_best(truths, TRUTHS)], _best(numbers, NUMBERS)
    spread = numbers[number]
    return {
        "pass_rate": sum(said) / len(said) if said else None,
        "number": number or None,
        "mean": fsum(spread) / len(spread) if spread else None,
        "min": min(spread, default=None),
        "max": max(spread, default=None),
    }


def _leaves(value: Any, place: str, deeper: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and deeper:
        for name, member in value.items():
            step = step_of(name)
            if step is not None:
                yield from _leaves(member, f"{place}.{step}".lstrip("."), deeper - 1)
    elif isinstance(value, (bool, int, float)):
        yield place, value


def _best(found: Mapping[str, Sequence[Any]], preferred: Sequence[str]) -> str:
    """Choose the place that says most: the result itself, a preferred member, else what most results have."""
    for place in ("", *preferred):
        if place in found:
            return place
    left = found.keys() - POSITIONS
    return min(left, key=lambda place: (-len(found[place]), place), default="")


def _name_of(ref: str) -> str:
    known = parsed(ref)
    return ref if known is None else known.name


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
