"""The commands on the durable queue, with their options; what they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import click

from otel_bridge.commands.reading import FORMATS, together
from otel_bridge.ingest.address import default_data_dir
from otel_bridge.queue.base import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., Any]

REASONS: Final[tuple[str, ...]] = get_args(Reason)

_DIRECTORY: Final = click.Path(path_type=Path, file_okay=False)
_FILE: Final = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


def _directory(flag: str, text: str, default: str) -> Callable[[Command], Command]:
    variable = "OTEL_BRIDGE_" + flag.removeprefix("--").replace("-", "_").upper()
    return click.option(
        flag,
        type=_DIRECTORY,
        metavar="DIR",
        envvar=variable,
        show_envvar=True,
        help=f"{text}  [default: {default}]",
    )


WHERE: Final = together(
    _directory("--data-dir", "The data directory of the bridge.", str(default_data_dir())),
    _directory("--queue-dir", "Where its queue lies.", "the data directory"),
    _directory("--dead-letter-dir", "Where its dead letters lie.", "`dead` beside the queue"),
)
_WHICH: Final = together(
    click.option("--destination", metavar="NAME", help="Only what is for this exporter."),
    click.option("--project", metavar="ENTITY/PROJECT", help="Only what is for this project."),
)
_REASON: Final = click.option("--reason", type=click.Choice(REASONS), help="Only dead letters of this kind.")


@click.group()
def queue() -> None:
    """See and tend what waits to be delivered, and what never will be."""


@queue.command()
@WHERE
@click.option("--json", "as_json", is_flag=True, help="JSON for machines, times in UTC.")
def inspect(**given: Any) -> None:
    """Show what waits for whom and since when, and the dead letters; a bridge may run meanwhile."""
    from otel_bridge.commands.queue_inspect import inspect_queue  # noqa: PLC0415

    inspect_queue(**given)


@queue.command("export")
@WHERE
@_WHICH
@click.option("--dead-letters", is_flag=True, help="Dead letters, in place of what waits.")
@_REASON
@click.option(
    "--format",
    "shape",
    type=click.Choice(FORMATS),
    default="calls",
    show_default=True,
    help="A JSON line a record, with its calls; or spans as OTLP, a TracesData a line, or one in protobuf.",
)
@click.option("-o", "--output", type=_FILE, metavar="FILE", default="-", help="Where to.  [default: stdout]")
def export_(**given: Any) -> None:
    """Write what waits, or dead letters, to a file, the oldest first; a bridge may run meanwhile.

    Nothing is removed.
    """
    from otel_bridge.commands.queue_export import export_queue  # noqa: PLC0415

    export_queue(**given)


@queue.command()
@WHERE
@_WHICH
@_REASON
def replay(**given: Any) -> None:
    """Put dead letters back into the queue, to be sent again when a bridge runs; not while one does."""
    from otel_bridge.commands.queue_tend import replay_letters  # noqa: PLC0415

    replay_letters(**given)


@queue.command()
@WHERE
@_WHICH
@click.option("--dead-letters", is_flag=True, help="Dead letters, in place of what waits.")
@_REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(**given: Any) -> None:
    """Throw away what waits, or dead letters, for good; not while a bridge runs."""
    from otel_bridge.commands.queue_tend import purge_queue  # noqa: PLC0415

    purge_queue(**given)
