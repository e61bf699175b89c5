"""The commands on stored calls, with their options; what they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from otel_bridge.commands.translating import with_options
from otel_bridge.ingest.address import default_data_dir

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., Any]

FORMATS: Final = ("calls", "otlp-json", "otlp-proto")
STATUSES: Final = ("success", "error", "running", "descendant_error")


def together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Make one decorator of several options, shown in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


PROJECT: Final = click.option(
    "--project",
    metavar="ENTITY/PROJECT",
    envvar="OTEL_BRIDGE_DEFAULT_PROJECT",
    default="local/default",
    show_default=True,
    help="Whose calls.",
)

_SOURCE: Final = together(
    click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        envvar="OTEL_BRIDGE_DATA_DIR",
        show_envvar=True,
        help=f"Where calls are kept; a bridge may run on it.  [default: {default_data_dir()}]",
    ),
    click.option(
        "--url",
        metavar="URL",
        envvar="OTEL_BRIDGE_URL",
        show_envvar=True,
        help="The API of a running bridge, for example http://127.0.0.1:6345, in place of a directory.",
    ),
    PROJECT,
)

FILTER: Final = together(
    click.option(
        "--op", "ops", multiple=True, metavar="NAME", help="Calls of this op; `NAME:*` is a prefix."
    ),
    click.option("--trace", "traces", multiple=True, metavar="ID", help="Calls of this trace."),
    click.option("--roots", is_flag=True, help="Only calls without a parent."),
    click.option(
        "--status", type=click.Choice(STATUSES), help="Calls that ended, or did not end, like this."
    ),
    click.option(
        "--since", metavar="TIME", help="Calls that started since: 90m, 7d, 14:30, 2026-03-01T14:30."
    ),
    click.option("--until", metavar="TIME", help="Calls that started before."),
    click.option("--text", metavar="TEXT", help="Calls with this text in name, inputs, output or exception."),
)

_FILE: Final = click.Path(path_type=Path, dir_okay=False, allow_dash=True)
JSON: Final = click.option("--json", "as_json", is_flag=True, help="JSON for machines, times in UTC.")


@click.command()
@_SOURCE
@FILTER
@click.option("-n", "--limit", type=click.IntRange(0), default=20, show_default=True, help="How many calls.")
@click.option("--runs", is_flag=True, help="With runs of scorers, which are calls too.")
@click.option("-f", "--follow", is_flag=True, help="Go on with calls as they come and end, until Ctrl-C.")
@JSON
def calls(**given: Any) -> None:
    """List calls, the newest last."""
    from otel_bridge.commands.listing import list_calls  # noqa: PLC0415

    list_calls(**given)


@click.command()
@_SOURCE
@click.argument("call_id", metavar="ID")
@JSON
def call(**given: Any) -> None:
    """Show the trace of a call, or of a trace id, as a tree."""
    from otel_bridge.commands.tree import show_trace  # noqa: PLC0415

    show_trace(**given)


@click.command()
@_SOURCE
@click.option("--op", "ops", multiple=True, metavar="NAME", help="Calls of this op; `NAME:*` is a prefix.")
@click.option("--roots", is_flag=True, help="Only calls without a parent.")
@click.option("--since", metavar="TIME", default="24h", show_default=True, help="Where the table begins.")
@click.option("--until", metavar="TIME", help="Where it ends.  [default: now]")
@click.option("--every", metavar="DURATION", help="Length of a line: 5m, 1h, 1d.  [default: by the range]")
@click.option("--timezone", metavar="ZONE", help="Whose days and hours.  [default: this machine's]")
@JSON
def stats(**given: Any) -> None:
    """Show calls, errors, latency, tokens and cost over time, and by model."""
    from otel_bridge.commands.table import show_stats  # noqa: PLC0415

    show_stats(**given)


@click.command("export")
@_SOURCE
@FILTER
@click.option(
    "--format",
    "shape",
    type=click.Choice(FORMATS),
    default="calls",
    show_default=True,
    help="Calls as JSON lines; or their spans as OTLP, a TracesData a line, or one in protobuf.",
)
@click.option("--with-feedback", is_flag=True, help="Each call with the feedback on it (format calls).")
@click.option("-o", "--output", type=_FILE, metavar="FILE", default="-", help="Where to.  [default: stdout]")
def export_(**given: Any) -> None:
    """Write calls or their spans to a file, the oldest first."""
    from otel_bridge.commands.exporting import export_calls  # noqa: PLC0415

    export_calls(**given)


@click.command("import")
@_SOURCE
@click.option(
    "--format", "shape", type=click.Choice(FORMATS), help="What the file holds.  [default: by its start]"
)
@click.option("--into-project", metavar="ENTITY/PROJECT", help="Put calls there, wherever they come from.")
@with_options
@click.argument("file", type=_FILE)
def import_(**given: Any) -> None:
    """Read calls or spans that were exported; what is there already stays as it is.

    Spans become calls as the last three options say; behind a URL, as the bridge there was told.
    """
    from otel_bridge.commands.importing import import_file  # noqa: PLC0415

    import_file(**given)
