"""`otel-bridge erase`, with its options; what it does is imported when it runs."""

from __future__ import annotations

from typing import Any

import click

from otel_bridge.commands.queue import WHERE
from otel_bridge.store.erasure import USER_ATTRIBUTES


@click.command()
@click.option("--call", "calls", multiple=True, metavar="ID", help="This call. May be repeated.")
@click.option("--user", metavar="USER", help="Calls of this user.")
@click.option(
    "--user-attribute",
    "user_attributes",
    multiple=True,
    metavar="NAME",
    default=USER_ATTRIBUTES,
    help=f"Attribute that names the user, beside wb_user_id.  [default: {', '.join(USER_ATTRIBUTES)}]",
)
@click.option("--thread", metavar="ID", help="Calls of this thread.")
@click.option(
    "--attribute", "attributes", multiple=True, metavar="NAME=VALUE", help="Calls with this attribute."
)
@click.option("--project", metavar="ENTITY/PROJECT", help="Only in this project.  [default: all]")
@click.option("--dry-run", is_flag=True, help="Count the calls, erase nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--url", metavar="URL", help="The API of a running bridge, in place of a directory.")
@WHERE
def command(**given: Any) -> int:
    """Erase calls for good, with everything below them, and overwrite the space they took.

    Calls that meet any of the options go. Works beside a running bridge. May be stopped at any time; the same
    command goes on.
    """
    from otel_bridge.commands.erasing import erase_calls  # noqa: PLC0415

    return erase_calls(**given)
