"""`otel-bridge backup` and `restore`, with their options; what they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from otel_bridge.commands.queue import WHERE

_BACKUP: Final = click.argument("target", metavar="DIRECTORY", type=click.Path(path_type=Path))


@click.command()
@_BACKUP
@click.option("--verify", is_flag=True, help="Make none: look whether the backup there is whole.")
@click.option("--url", metavar="URL", help="The API of the running bridge, where it has not said it itself.")
@WHERE
def backup(**given: Any) -> int:
    """Copy all that a bridge keeps into a new DIRECTORY, whether it runs or not.

    Everything acknowledged before is in it: calls, what waits in the queue, dead letters, quarantine.
    """
    from otel_bridge.commands.backing_up import run  # noqa: PLC0415

    return run(**given)


@click.command()
@click.argument("source", metavar="BACKUP", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Where something is already: move it aside.")
@click.option("--without-queue", is_flag=True, help="Leave out what waits, and dead letters.")
@WHERE
def restore(*, without_queue: bool, **given: Any) -> int:
    """Put BACKUP, a directory that `backup` made, into an empty data directory; not while a bridge runs.

    The backup is checked first. Nothing changes unless all of it can be restored.
    """
    from otel_bridge.commands.restoring import run  # noqa: PLC0415

    return run(queue=not without_queue, **given)
