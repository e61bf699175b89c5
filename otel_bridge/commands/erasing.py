"""`otel-bridge erase`: calls go for good, and nothing of them stays on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
from msgspec.structs import replace

from otel_bridge.commands.failing import STOPPED_EXIT, CommandFailed, told
from otel_bridge.commands.queue_places import places
from otel_bridge.commands.source import checked_project
from otel_bridge.ingest.address import default_data_dir
from otel_bridge.repair.erasing import erase_all, open_erasing
from otel_bridge.store.erasure import Erased, Erasure
from otel_bridge.words import many

if TYPE_CHECKING:
    from otel_bridge.repair.erasing import EraseSteps


def erase_calls(*, dry_run: bool, yes: bool, project: str | None, **given: Any) -> int:
    """Count calls, ask, erase them; return the exit code. Raise UsageError when nothing chooses any."""
    if project is not None:
        checked_project(project)
    asked = Erasure(
        project_id=project,
        calls=given["calls"],
        user=given["user"],
        user_attributes=given["user_attributes"],
        thread=given["thread"],
        attributes=dict(map(_attribute, given["attributes"])),
        dry_run=True,
    )
    if asked.is_empty:
        raise click.UsageError("say what to erase: --call, --user, --thread or --attribute")
    data_dir = given["data_dir"] or default_data_dir()
    files = places(data_dir, given["queue_dir"], given["dead_letter_dir"])
    with told(), open_erasing(data_dir, files, given["url"]) as steps:
        return _run(steps, asked, dry_run=dry_run, yes=yes)


def _run(steps: EraseSteps, asked: Erasure, *, dry_run: bool, yes: bool) -> int:
    found = Erased(cursor=None) if yes and not dry_run else erase_all(steps, asked)
    if dry_run:
        click.echo(f"would erase {_said(found, _BELOW)}")
        return 0
    if not yes:
        click.confirm(_question(found), abort=True)
    progress = _Progress()
    try:
        done = erase_all(steps, replace(asked, dry_run=False), progress)
    except KeyboardInterrupt:
        click.echo(f"{progress.line()}; the same command goes on", err=True)
        return STOPPED_EXIT
    except Exception as error:
        raise CommandFailed(f"{error}\n{progress.line()}; the same command goes on") from error
    gone = _said(done)
    click.echo(f"erased {gone}; nothing of them is left in the files; backups hold them still")
    return 0


def _question(found: Erased) -> str:
    if found.calls or found.copies:
        return f"Erase {_said(found, _BELOW)} for good?"
    return (
        "No call that is kept matches. Erase for good what may wait for delivery or for its span, lie among"
        " the dead letters, or be left in the space of deleted calls?"
    )


def _said(done: Erased, below: str = "") -> str:
    one = "copy" if done.copies == 1 else "copies"
    copies = f", and {done.copies:,} {one} in files of exporters" if done.copies else ""
    return f"{many(done.calls, 'call')}{below}{copies}"


_BELOW: Final = " and those below"


class _Progress:
    """How far an erasure is."""

    def __init__(self) -> None:
        self._so_far = Erased(cursor=None)

    def __call__(self, so_far: Erased) -> None:
        """Take what the steps have come to."""
        self._so_far = so_far

    def line(self) -> str:
        """Say it to a person."""
        cursor = self._so_far.cursor
        cleaning = cursor is not None and cursor.phase == "clean"
        left = "the space they took is not overwritten yet" if cleaning else "more may be left"
        return f"stopped: erased {_said(self._so_far)}, {left}"


def _attribute(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise click.UsageError(f"--attribute {text!r} is not NAME=VALUE")
    return name, value
