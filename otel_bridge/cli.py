"""The command line: flags and environment in, one clear line and an exit code out.

Exit codes (`contract/pipeline-config.md` §2.1): 0 ok, 1 something failed while running, 2 usage or
configuration, 3 the data directory is used by another process.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click
from click.core import ParameterSource

from otel_bridge import __version__
from otel_bridge.commands.doctor.options import HELP, OWN, doctor_options
from otel_bridge.commands.registry import Commands
from otel_bridge.commands.run_options import OPTIONS, UNAUTHENTICATED, variable
from otel_bridge.commands.translating import config_of
from otel_bridge.errors import BridgeError, StartError
from otel_bridge.parsers import BadSetting, parse_project, parse_since

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otel_bridge.config_file.reading import Loaded, Sources

PROGRAM: Final = "otel-bridge"
FAILED_EXIT: Final = 1
USAGE_EXIT: Final = 2

OPTIONS_OF_RETRANSLATE: Final = ("--data-dir", "--usage-on-wrappers", "--session-threads", "--turns")
"""Where a store is, and what its spans become: as `run` was told."""


class _Uri(click.types.StringParamType):
    """A file, whose variable names one, even with spaces in its name."""

    name = "FILE"

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        return [rv]


def _options(command: Callable[..., Any], *, only: Sequence[str] | None = None) -> Callable[..., Any]:
    if only is None:
        command = click.option(
            "--set",
            "sets",
            multiple=True,
            metavar="KEY=VALUE",
            help="A key of the configuration, as exporters.weave.timeout=10s; wins. May be repeated.",
        )(command)
    for flag, shape, default, text in reversed(OPTIONS):
        if only is not None and flag not in only:
            continue
        choices = isinstance(shape, tuple)
        several = flag == "--config"
        bare: dict[str, Any] = {"is_flag": False, "flag_value": "on"} if flag == UNAUTHENTICATED else {}
        command = click.option(
            flag,
            type=click.Choice(shape) if choices else _Uri() if several else str,
            multiple=several,
            metavar=None if choices else str(shape),
            envvar=variable(flag),
            show_envvar=True,
            help=f"{text}  [default: {default}]",
            **bare,
        )(command)
    return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name=PROGRAM)
def cli() -> None:
    """OpenTelemetry traces in, Weave calls out."""


@cli.command()
@_options
def run(**given: Any) -> None:
    """Receive OTLP, keep the calls or send them on, serve Weave's API, until SIGTERM or Ctrl-C."""
    from otel_bridge.service.starting import start  # noqa: PLC0415 - YAML, for those who run

    start(_sources(given), os.environ)


@cli.command()
@_options
def validate(**given: Any) -> None:
    """Say whether `run` could start with these options, and everything that is wrong with them."""
    from otel_bridge.commands.configuration import say_valid  # noqa: PLC0415 - as below

    say_valid(_loaded(given))


@cli.command()
@click.option("--format", "shape", type=click.Choice(("yaml", "json")), default="yaml", show_default=True)
@click.option(
    "--mode",
    type=click.Choice(("redacted", "unredacted")),
    default="redacted",
    show_default=True,
    help="Whether secrets are shown.",
)
@_options
def print_config(*, shape: str, mode: str, **given: Any) -> None:
    """Print the configuration that `run` would have with these options, all defaults filled in."""
    from otel_bridge.commands.configuration import print_loaded  # noqa: PLC0415 - as below

    print_loaded(_loaded(given), shape, redacted=mode == "redacted")


@cli.command()
@click.option("--project", metavar="ENTITY/PROJECT", help="Only calls of this project.")
@click.option("--since", metavar="TIME", help="Only calls that arrived since: 7d, 2026-11-01T00:00Z.")
@click.option("--all", "everything", is_flag=True, help="Also calls that this version made.")
@click.option("--restart", is_flag=True, help="Begin anew where an earlier run was stopped.")
@click.option("--url", metavar="URL", help="The API of a running bridge, in place of a directory.")
@partial(_options, only=OPTIONS_OF_RETRANSLATE)
def retranslate(
    *,
    project: str | None,
    since: str | None,
    everything: bool,
    restart: bool,
    url: str | None,
    **given: Any,
) -> int:
    """Derive stored calls again from their spans and logs, as this version does, in place.

    Works beside a running bridge, which then goes by its own options. May be stopped at any time; the same
    command goes on.
    """
    config = config_of(given)
    from otel_bridge.repair.command import retranslate_calls  # noqa: PLC0415 - as below

    try:
        project = project and parse_project(project)
        moment = since and parse_since(since, datetime.now(UTC))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return retranslate_calls(
        project_id=project or None,
        since=moment or None,
        everything=everything,
        restart=restart,
        url=url,
        config=config,
    )


@cli.command(help=HELP)
@doctor_options
@_options
def doctor(**given: Any) -> int:
    """Make the doctor's round."""
    from otel_bridge.commands.doctor.command import examine  # noqa: PLC0415 - as below

    own = {name: given.pop(name) for name in OWN}
    return examine(lambda: _loaded(given).config, given["data_dir"], **own)


@cli.command()
def version() -> None:
    """Print the version."""
    click.echo(f"{PROGRAM} {__version__}")


def _loaded(given: dict[str, Any]) -> Loaded:
    """Return what options, variables and files come to; raise BadConfig for what is wrong."""
    from otel_bridge.config_file.reading import load  # noqa: PLC0415 - YAML, for those who run

    return load(_sources(given), os.environ)


def _sources(given: dict[str, Any]) -> Sources:
    """Return what options and their variables say."""
    from otel_bridge.config_file.aliases import Given  # noqa: PLC0415 - YAML, for those who run
    from otel_bridge.config_file.reading import Sources  # noqa: PLC0415 - as above

    source_of = click.get_current_context().get_parameter_source
    profile, files, sets = (given.pop(name) for name in ("profile", "config", "sets"))
    options = {
        name: Given(text, is_flag=source_of(name) is ParameterSource.COMMANDLINE)
        for name, text in given.items()
        if text is not None
    }
    return Sources(profile, files, sets, options)


def main() -> NoReturn:
    """Run the program and exit."""
    try:
        code = cli.main(standalone_mode=False, prog_name=PROGRAM)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)  # noqa: T201 - a person asked for nothing yet
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _fail(error.format_message(), code=error.exit_code)
    except BadSetting as error:
        _fail(*getattr(error, "problems", (str(error),)), code=USAGE_EXIT)
    except click.Abort:
        sys.exit(130)
    except StartError as error:
        _fail(str(error), code=error.exit_code)
    except BridgeError as error:
        _fail(str(error), code=FAILED_EXIT)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(*messages: str, code: int) -> NoReturn:
    for message in messages:
        line = " ".join(message.split())
        print(f"{PROGRAM}: error: {line}", file=sys.stderr)  # noqa: T201 - this is what a person reads
    sys.exit(code)
