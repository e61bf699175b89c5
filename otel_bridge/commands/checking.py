"""`otel-bridge check`: what a person sees of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from otel_bridge.commands.failing import STOPPED_EXIT, told
from otel_bridge.commands.following import counting
from otel_bridge.commands.queue_places import places
from otel_bridge.ingest.address import default_data_dir
from otel_bridge.repair.checking.check import check_all
from otel_bridge.words import many

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from otel_bridge.repair.checking.findings import Finding, Report


def run(*, quick: bool, repair: bool, as_json: bool, **given: Path | None) -> int:
    """Check; return the exit code, or raise Exit where something is wrong."""
    data_dir = given["data_dir"] or default_data_dir()
    files = places(data_dir, given["queue_dir"], given["dead_letter_dir"])
    with told():
        try:
            with counting() as tell:
                report = check_all(data_dir, files, quick=quick, repair=repair, tell=tell)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            return STOPPED_EXIT
        lines = [_json(report)] if as_json else list(_lines(report))
        click.echo("\n".join(lines))
    if report.errors:
        raise click.exceptions.Exit(1)
    return 0


def _json(report: Report) -> str:
    return msgspec.json.encode({"ok": not report.errors, **msgspec.structs.asdict(report)}).decode()


def _lines(report: Report) -> Iterator[str]:
    yield from _counts(report.counts)
    for finding in report.findings:
        yield from _finding(finding)
    for skipped in report.skipped:
        yield f"not looked at: {skipped}"
    notes = len(report.findings) - report.errors
    said = many(report.errors, "problem") if report.errors else "nothing is wrong"
    yield said + (f", {many(notes, 'note')}" if notes else "")


def _counts(counts: dict[str, Any]) -> Iterator[str]:
    for name, count in counts.items():
        if isinstance(count, int):
            yield f"{count:>12,} {name.replace('_', ' ')}"
        else:
            yield from (f"{number:>16,} {project}" for project, number in count.items())


def _finding(finding: Finding) -> Iterator[str]:
    yield f"{finding.severity}: {finding.where}: {finding.what}"
    yield from (f"    {example}" for example in finding.examples)
    yield f"    -> {finding.fix}"
