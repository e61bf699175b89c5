"""`otel-bridge check`, with its options; what it does is imported when it runs."""

from __future__ import annotations

from typing import Any

import click

from otel_bridge.commands.queue import WHERE


@click.command()
@click.option("--quick", is_flag=True, help="Look at no bodies, and not into indexes.")
@click.option(
    "--repair", is_flag=True, help="Make anew what can be: indexes, counts. Not while a bridge runs."
)
@click.option("--json", "as_json", is_flag=True, help="JSON for machines.")
@WHERE
def command(**given: Any) -> int:
    """Look whether all that a bridge keeps is sound, whether it runs or not. Exits with 1 when it is not."""
    from otel_bridge.commands.checking import run  # noqa: PLC0415

    return run(**given)
