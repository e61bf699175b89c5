"""The command line: flags and environment in, one clear line and an exit code out.

Exit codes (`contract/pipeline-config.md` §2.1): 0 ok, 1 something failed while running, 2 usage or
configuration, 3 the data directory is used by another process.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click
from pydantic import ValidationError

from otel_bridge import __version__
from otel_bridge.commands.register import COMMANDS
from otel_bridge.config import BridgeConfig, default_data_dir
from otel_bridge.errors import StartError

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM: Final = "otel-bridge"
USAGE_EXIT: Final = 2
LOG_LEVELS: Final = ("debug", "info", "warning", "error")

# flag, metavar or choices, default as shown, help
OPTIONS: Final[tuple[tuple[str, str | tuple[str, ...], str, str], ...]] = (
    ("--data-dir", "DIR", str(default_data_dir()), "Where calls are kept; made when it is missing."),
    (
        "--otlp-http",
        "HOST:PORT",
        "127.0.0.1:4318",
        "Where OTLP over HTTP is received; port 0 takes a free one.",
    ),
    ("--otlp-grpc", "HOST:PORT", "127.0.0.1:4317", "Where OTLP over gRPC is received."),
    ("--api", "HOST:PORT", "127.0.0.1:6345", "Where Weave's API is served."),
    ("--default-project", "ENTITY/PROJECT", "local/default", "The project of spans that name none."),
    ("--retention", "DURATION", "14d", "How long calls are kept, for example 36h or 14d; `off`: for ever."),
    ("--max-disk", "SIZE", "20GiB", "How much disk the calls may take, oldest go first; `off`: no limit."),
    ("--unsupported-signals", ("reject", "discard"), "reject", "What to do with metrics and logs."),
    ("--log-level", LOG_LEVELS, "info", "How much to log."),
    ("--log-format", ("console", "json"), "console", "For people or for machines."),
)
"""The options of `run`. Each has an environment variable: `OTEL_BRIDGE_` and the flag's name."""


def variable(flag: str) -> str:
    """Return the environment variable of `flag`: `--data-dir` → `OTEL_BRIDGE_DATA_DIR`."""
    return "OTEL_BRIDGE_" + flag.removeprefix("--").replace("-", "_").upper()


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for flag, shape, default, text in reversed(OPTIONS):
        choices = isinstance(shape, tuple)
        command = click.option(
            flag,
            type=click.Choice(shape) if choices else str,
            metavar=None if choices else str(shape),
            envvar=variable(flag),
            show_envvar=True,
            help=f"{text}  [default: {default}]",
        )(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name=PROGRAM)
def cli() -> None:
    """OpenTelemetry traces in, Weave calls out."""


@cli.command()
@_options
def run(**given: Any) -> None:
    """Receive OTLP, keep the calls, serve Weave's API, until SIGTERM or Ctrl-C."""
    config = _config({name: value for name, value in given.items() if value is not None})
    from otel_bridge.service import serve  # noqa: PLC0415 - the servers take longer to import than a bad flag may

    serve(config)


for _command in COMMANDS:
    cli.add_command(_command)


@cli.command()
def version() -> None:
    """Print the version."""
    click.echo(f"{PROGRAM} {__version__}")


def _config(given: dict[str, Any]) -> BridgeConfig:
    try:
        return BridgeConfig(**given)
    except ValidationError as error:
        problems = []
        for found in error.errors(include_url=False):
            flag = "--" + str(found["loc"][0]).replace("_", "-")
            text = found["msg"].removeprefix("Value error, ")
            problems.append(f"{flag} (or {variable(flag)}): {text}")
        raise click.UsageError("; ".join(problems)) from error


def main() -> NoReturn:
    """Run the program and exit."""
    try:
        code = cli.main(standalone_mode=False, prog_name=PROGRAM)
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)  # noqa: T201 - a person asked for nothing yet
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)
    except click.Abort:
        sys.exit(130)
    except StartError as error:
        _fail(str(error), error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> NoReturn:
    line = " ".join(message.split())
    print(f"{PROGRAM}: error: {line}", file=sys.stderr)  # noqa: T201 - this is what a person reads
    sys.exit(code)
