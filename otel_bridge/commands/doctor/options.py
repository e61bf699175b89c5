"""The doctor's own options, beside those of `run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

HELP: Final = """Say what is right and what is not, and what to do about it.

It looks at the bridge that runs with these options, variables and files, or would: sends test spans to its
receivers, follows them to where they are kept, and deletes them again; says who sends and what they leave
out; asks upstreams; looks at disks, memory, clocks, configuration and versions. Exit code 0: nothing is
wrong; 1: something is; 2: a bad option."""

_OPTIONS: Final = (
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    click.option("--no-span", is_flag=True, help="Send no test spans."),
    click.option(
        "--url", metavar="URL", help="The API of a bridge elsewhere; its disks and queue cannot be looked at."
    ),
    click.option(
        "--project", metavar="ENTITY/PROJECT", help="Send test spans to this project, not to the default one."
    ),
    click.option(
        "--attribute",
        "attributes",
        multiple=True,
        metavar="KEY=VALUE",
        help="An attribute of test spans, for conditions that ask for it. May be repeated.",
    ),
    click.option(
        "--resource",
        "resources",
        multiple=True,
        metavar="KEY=VALUE",
        help="The same for their resource.",
    ),
    click.option(
        "--wait",
        type=click.FloatRange(0, 600),
        default=10,
        show_default=True,
        help="Seconds that upstreams may take for test spans.",
    ),
)


OWN: Final = ("as_json", "no_span", "url", "project", "attributes", "resources", "wait")
"""Their names as a command gets them."""


def doctor_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
