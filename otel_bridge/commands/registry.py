"""Which commands there are, and the group that imports one only when it is asked for: `run` starts fast."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMANDS: Final[Mapping[str, str]] = {
    "backup": "backup.backup",
    "call": "reading.call",
    "calls": "reading.calls",
    "check": "check.command",
    "components": "configuration.components",
    "erase": "erase.command",
    "explain": "explain.command",
    "export": "reading.export_",
    "featuregate": "configuration.featuregate",
    "healthcheck": "healthcheck.command",
    "import": "reading.import_",
    "queue": "queue.queue",
    "restore": "backup.restore",
    "schema": "configuration.schema",
    "score": "scoring.score",
    "score-worker": "score_worker.command",
    "scorers": "scoring.scorers",
    "stats": "reading.stats",
}
"""Name → module of this package, and the command in it."""


class Commands(click.Group):
    """A group of the commands that are registered with it, and of those of `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*super().list_commands(ctx), *COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing it when it is one of `COMMANDS`."""
        if cmd_name in COMMANDS:
            module, _, name = COMMANDS[cmd_name].partition(".")
            command: click.Command = getattr(import_module(f"{__package__}.{module}"), name)
            return command
        return super().get_command(ctx, cmd_name)
