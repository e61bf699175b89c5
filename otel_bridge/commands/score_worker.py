"""`otel-bridge score-worker`: scores calls for a bridge that runs elsewhere, or beside its own workers."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING, Any, get_args

import click
from msgspec import Raw

from otel_bridge.auth.own_key import own_key
from otel_bridge.auth.own_tls import shows_certificate
from otel_bridge.ingest.address import DEFAULT_URL
from otel_bridge.parsers import BadSetting, checked_url
from otel_bridge.telemetry import LogFormat, LogLevel, configure_logging

if TYPE_CHECKING:
    from otel_bridge.jobs.kafka.settings import KafkaSettings
    from otel_bridge.scorer.settings import ScoringSettings


@click.command()
@click.option(
    "--endpoint",
    metavar="URL",
    default=DEFAULT_URL,
    show_default=True,
    envvar="OTEL_BRIDGE_ENDPOINT",
    show_envvar=True,
    help="The API of the bridge whose calls are scored.",
)
@click.option(
    "--config",
    "file",
    metavar="FILE",
    envvar="OTEL_BRIDGE_CONFIG",
    show_envvar=True,
    help="The configuration file of the bridge: what it says below `scoring` holds here, too.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="How many runs of one scorer may be under way here.  [default: as its limits say, 4 without]",
)
@click.option(
    "--runners",
    type=click.IntRange(1, 64),
    metavar="N",
    help="How many processes scorers run in.  [default: as the file says, 1 without]",
)
@click.option("--name", metavar="NAME", help="What this worker is called.  [default: HOST:PID]")
@click.option(
    "--log-level",
    type=click.Choice(get_args(LogLevel)),
    default="info",
    show_default=True,
    envvar="OTEL_BRIDGE_LOG_LEVEL",
    help="How much to log.",
)
@click.option(
    "--log-format",
    type=click.Choice(get_args(LogFormat)),
    default="console",
    show_default=True,
    envvar="OTEL_BRIDGE_LOG_FORMAT",
    help="For people or for machines.",
)
def command(
    *,
    endpoint: str,
    file: str | None,
    concurrency: int | None,
    runners: int | None,
    name: str | None,
    log_level: LogLevel,
    log_format: LogFormat,
) -> None:
    """Take scoring tasks from a running bridge, apply the scorers, hand the results back.

    Works until SIGTERM or Ctrl-C; what is not finished then goes to other workers. Several may run, anywhere.
    While the bridge is away it waits. A bridge that asks for a key is shown OTEL_BRIDGE_API_KEY, or what is
    in OTEL_BRIDGE_API_KEY_FILE.
    """
    try:
        url = checked_url(endpoint)
    except BadSetting as error:
        raise click.UsageError(f"--endpoint: {error}") from error
    settings, kafka = _settings(file, concurrency, runners)
    from otel_bridge.scoring import worker  # noqa: PLC0415 - a mistake is told faster without it

    start = worker.Start(
        url=url,
        worker=name or f"{socket.gethostname()}:{os.getpid()}",
        key=(key := own_key()),
        confined=bool(key) or shows_certificate(),
        scoring=Raw(b"{}"),
        kafka=Raw(b"null" if kafka is None else kafka.in_the_clear().encode()),
        log_level=log_level,
        log_format=log_format,
    )
    configure_logging(log_level, log_format)
    asyncio.run(worker.serve_alone(start, settings))


def _settings(
    file: str | None, concurrency: int | None, runners: int | None
) -> tuple[ScoringSettings, KafkaSettings | None]:
    """Return what the file says about scoring, and what options say instead. Raise UsageError.

    Beside it, the Kafka of the file when tasks travel through one.
    """
    from otel_bridge.config_file.reading import Sources, load  # noqa: PLC0415 - YAML, for those who want it
    from otel_bridge.scorer.settings import ScoringSettings  # noqa: PLC0415 - as above

    try:
        config = None if file is None else load(Sources(files=(file,)), os.environ).config
    except BadSetting as error:
        raise click.UsageError(str(error)) from error
    settings = (None if config is None else config.scoring) or ScoringSettings()
    said: dict[str, Any] = {} if runners is None else {"runners": runners}
    if concurrency is not None:
        said["limits"] = settings.limits.model_copy(update={"concurrency": concurrency})
        said["scorers"] = {
            name: one.model_copy(
                update={"limits": one.limits.model_copy(update={"concurrency": concurrency})}
            )
            for name, one in settings.scorers.items()
        }
    return settings.model_copy(update=said), None if config is None else config.kafka
