"""The options of `run` that say what spans become, for commands that translate spans themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
from pydantic import ValidationError

from otel_bridge.config import BridgeConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otel_bridge.translate.options import Options

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "usage_on_wrappers": ("drop", "keep"),
    "session_threads": ("on", "off"),
    "turns": ("roots", "spans"),
}
"""The first is what `run` does when it is told nothing."""


def with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these options, flags or variables, as `run` has them."""
    for name, choices in reversed([*_CHOICES.items()]):
        command = click.option(
            "--" + name.replace("_", "-"),
            type=click.Choice(choices),
            default=choices[0],
            show_default=True,
            envvar=f"OTEL_BRIDGE_{name.upper()}",
            show_envvar=True,
            help="As in `run`.",
        )(command)
    return command


def options_of(given: dict[str, Any]) -> Options:
    """Take these options out of what a command was given."""
    return BridgeConfig(**{name: given.pop(name) for name in _CHOICES}).options


def config_of(given: Mapping[str, Any]) -> BridgeConfig:
    """Return what options of `run` come to that need no file; raise UsageError for what is wrong."""
    try:
        return BridgeConfig(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problems = []
        for found in error.errors(include_url=False):
            text = found["msg"].removeprefix("Value error, ")
            if not found["loc"]:  # about several of them, which it names
                problems.append(text)
                continue
            name = str(found["loc"][0])
            problems.append(f"--{name.replace('_', '-')} (or OTEL_BRIDGE_{name.upper()}): {text}")
        raise click.UsageError("; ".join(problems)) from error
