"""`otel-bridge retranslate`: step after step, with a bar on a terminal and a line now and then elsewhere."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from otel_bridge.store.retranslation import NAMED_CALLS, Retranslated, Retranslation

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from rich.console import Console

    from otel_bridge.repair.steps import Steps

LINE_SECONDS: Final = 3.0
"""Between two lines where nobody watches a bar."""
STOPPED_EXIT: Final = 130
"""What shells give a program that Ctrl-C ended."""


class Sums:
    """What all steps of a run came to."""

    def __init__(self) -> None:
        self.changed = self.unchanged = self.current = self.unreadable = 0
        self.named: list[str] = []

    def add(self, done: Retranslated) -> None:
        """Add a step."""
        self.changed += done.changed
        self.unchanged += done.unchanged
        self.current += done.current
        self.unreadable += done.unreadable
        self.named += done.named[: NAMED_CALLS - len(self.named)]

    def lines(self) -> list[str]:
        """Say it to a person."""
        looked_at = self.changed + self.unchanged + self.unreadable
        came_to = f"{self.changed:,} changed, {self.unchanged:,} unchanged, {self.unreadable:,} unreadable"
        lines = [f"looked at {looked_at:,} calls: {came_to}"]
        if self.current:
            lines.append(f"{self.current:,} more were up to date already; --all translates them too")
        if self.unreadable:
            more = self.unreadable - len(self.named)
            rest = f" and {more:,} more" if more else ""
            lines.append(f"unreadable, kept as they were: {', '.join(self.named)}{rest}")
        return lines


class Face(Protocol):
    """Shows how far a run is."""

    def __call__(self, at: int, of: int, sums: Sums) -> None:
        """Show that `at` of `of` arrivals are done with."""


class Run:
    """One whole run, and how far it is."""

    def __init__(self, steps: Steps, asked: Retranslation, console: Console) -> None:
        self._steps = steps
        self._asked = asked
        self._console = console
        self.sums = Sums()
        self.at = self.of = 0

    def whole(self) -> None:
        """Do every step."""
        done = self._steps(self._asked, None)
        begin, self.of = done.started.after, done.started.through
        if done.resumed:
            self._console.print(
                f"going on where an earlier run stopped, behind arrival {begin:,} of {self.of:,}"
            )
        with _face(self._console, begin, self.of) as show:
            self._note(done, show)
            while done.cursor is not None:
                done = self._steps(self._asked, done.cursor)
                self._note(done, show)

    def _note(self, done: Retranslated, show: Face) -> None:
        self.sums.add(done)
        self.at = self.of if done.cursor is None else done.cursor.after
        show(self.at, self.of, self.sums)


def run(steps: Steps, asked: Retranslation, console: Console) -> int:
    """Do a whole run; return the exit code. Raise what a step raises."""
    going = Run(steps, asked, console)
    try:
        going.whole()
    except BaseException as error:
        if going.of:
            text = f"stopped behind arrival {going.at:,} of {going.of:,}; the same command goes on there"
            console.print(*going.sums.lines(), text, sep="\n", soft_wrap=True)
        if isinstance(error, KeyboardInterrupt):
            return STOPPED_EXIT
        raise
    console.print(*going.sums.lines(), sep="\n", soft_wrap=True)
    return 0


@contextmanager
def _face(console: Console, begin: int, of: int) -> Generator[Face]:
    if not console.is_terminal:
        yield _lines(console, time.monotonic)
        return
    columns = (
        TextColumn("retranslating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[changed]:,} changed"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("retranslating", total=of - begin, changed=0)
        yield lambda at, _of, sums: progress.update(task, completed=at - begin, changed=sums.changed)


def _lines(console: Console, clock: Callable[[], float]) -> Face:
    said = clock()

    def show(at: int, of: int, sums: Sums) -> None:
        nonlocal said
        if clock() - said < LINE_SECONDS:
            return
        said = clock()
        console.print(f"arrival {at:,} of {of:,}: {sums.changed:,} changed", soft_wrap=True)

    return show
