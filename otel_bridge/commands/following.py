"""How far a long copy is: a bar for a terminal, a line now and then for a log."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from otel_bridge.repair.backup import Tell

LINE_SECONDS: Final = 5.0
"""Between two lines where nobody watches a bar."""
WATCHED_SECONDS: Final = 0.2
"""The same in a terminal, where a line takes the place of the last."""
CLEAR: Final = "\r\x1b[2K"


@contextmanager
def following() -> Generator[Tell]:
    """Yield what is told of every step; it writes to standard error."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console  # noqa: PLC0415 - only for eyes
    from rich.progress import (  # noqa: PLC0415 - as above
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)


def _lines() -> Tell:
    said = time.monotonic()

    def tell(what: str, done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said >= LINE_SECONDS:
            said = time.monotonic()
            click.echo(f"{what}: {done >> 20:,} of {total >> 20:,} MiB", err=True)

    return tell


@contextmanager
def counting() -> Generator[Callable[[str, int], None]]:
    """Yield what is told of which file how many more rows were looked at; it writes to standard error."""
    rows: dict[str, int] = {}
    said = time.monotonic()
    watched = sys.stderr.isatty()

    def tell(what: str, more: int) -> None:
        nonlocal said
        rows[what] = rows.get(what, 0) + more
        if time.monotonic() - said >= (WATCHED_SECONDS if watched else LINE_SECONDS):
            said = time.monotonic()
            click.echo(f"{CLEAR if watched else ''}{what}: {rows[what]:,} rows", nl=not watched, err=True)

    try:
        yield tell
    finally:
        if watched:
            click.echo(CLEAR, nl=False, err=True)
