"""`otel-bridge score` and `scorers`, with their options; what they do is imported when they run."""

from __future__ import annotations

from typing import Any, Final

import click

from otel_bridge.commands.reading import FILTER, JSON, PROJECT, together
from otel_bridge.ingest.address import DEFAULT_URL

_BRIDGE: Final = together(
    click.option(
        "--url",
        "--endpoint",
        "url",
        metavar="URL",
        envvar="OTEL_BRIDGE_URL",
        show_envvar=True,
        default=DEFAULT_URL,
        show_default=True,
        help="The API of the running bridge.",
    ),
    PROJECT,
)


@click.command()
@_BRIDGE
@click.option(
    "--scorer",
    "scorers",
    multiple=True,
    required=True,
    metavar="SCORER",
    help=(
        "A name that `otel-bridge scorers` lists, a ref `weave:///…`, or a kind with its settings:"
        ' `contains:texts=["refund"],ignore_case=true`. May be given more than once.'
    ),
)
@FILTER
@click.option("-n", "--limit", type=click.IntRange(1), help="The newest so many.  [default: all that match]")
@click.option("--again", is_flag=True, help="Score again what these versions of the scorers have scored.")
@click.option("--wait/--no-wait", default=True, help="Wait for the results, or only ask.  [default: wait]")
@JSON
def score(**given: Any) -> None:
    """Score calls by scorers and show what came of it.

    Calls that still run are left out, unless --status running asks for them. Ends with 1 when a score
    failed, or when no calls match. Ctrl-C stops waiting; scoring goes on.
    """
    from otel_bridge.commands.scoring_ask import score_calls  # noqa: PLC0415

    score_calls(**given)


@click.command()
@_BRIDGE
@JSON
def scorers(**given: Any) -> None:
    """List the scorers that can be used, and why others cannot."""
    from otel_bridge.commands.scoring_list import list_scorers  # noqa: PLC0415

    list_scorers(**given)
