"""The options of `run`, and of the commands that read a configuration as `run` does."""

from __future__ import annotations

from typing import Final, get_args

from otel_bridge.config import Profile
from otel_bridge.ingest.address import default_data_dir
from otel_bridge.telemetry import LogFormat, LogLevel

# flag, metavar or choices, default as shown, help
OPTIONS: Final[tuple[tuple[str, str | tuple[str, ...], str, str], ...]] = (
    (
        "--profile",
        get_args(Profile),
        "standalone",
        "Keep calls here, send them to a Weave server through a durable queue, or serve many applications.",
    ),
    (
        "--config",
        "FILE",
        "none",
        "A YAML file with receivers, exporters and pipelines; flags win over it. May be repeated.",
    ),
    ("--data-dir", "DIR", str(default_data_dir()), "Where calls or the queue lie; made when it is missing."),
    (
        "--otlp-http",
        "HOST:PORT",
        "127.0.0.1:4318",
        "Where OTLP over HTTP is received; port 0 takes a free one.",
    ),
    ("--otlp-grpc", "HOST:PORT", "127.0.0.1:4317", "Where OTLP over gRPC is received."),
    ("--api", "HOST:PORT", "127.0.0.1:6345", "Where Weave's API is served."),
    ("--admin", "HOST:PORT", "none", "Where probes and metrics are served, beside the API's port."),
    (
        "--upstream",
        "URL",
        "none",
        "A Weave server that gets all calls; a sidecar's is in WEAVE_ENDPOINT, or https://trace.wandb.ai.",
    ),
    ("--queue-size", "SIZE", "1GiB", "How much may wait for upstreams; above it senders are told to wait."),
    ("--queue-dir", "DIR", "the data directory", "Where the queue lies."),
    ("--queue-min-free", "SIZE", "256MiB", "How much of its disk the queue leaves free."),
    (
        "--queue-max-age",
        "DURATION",
        "7d",
        "How long a call may wait for an upstream before it becomes a dead letter; `off`: for ever.",
    ),
    ("--dead-letter-dir", "DIR", "dead", "Where calls lie that cannot be delivered; beside the queue."),
    ("--dead-letter-size", "SIZE", "256MiB", "How much they may take; above it the oldest go."),
    (
        "--shutdown-timeout",
        "DURATION",
        "25s",
        "How long stopping may take; until 5 s before it, what waits is still sent.",
    ),
    (
        "--default-project",
        "ENTITY/PROJECT",
        "local/default",
        "The project of spans that name none; a sidecar's is WANDB_ENTITY/WANDB_PROJECT.",
    ),
    ("--retention", "DURATION", "14d", "How long calls are kept, for example 36h or 14d; `off`: for ever."),
    ("--max-disk", "SIZE", "20GiB", "How much disk the calls may take, oldest go first; `off`: no limit."),
    (
        "--usage-on-wrappers",
        ("drop", "keep"),
        "drop",
        "Tokens of agents, workflows and chains, which repeat their children's: set apart, or counted twice.",
    ),
    ("--session-threads", ("on", "off"), "on", "Whether session ids name threads where nothing better does."),
    ("--turns", ("roots", "spans"), "roots", "What is a turn of a thread: its root spans, or all its spans."),
    ("--logs", ("on", "off"), "off", "Whether to keep the OTLP log records that belong to spans."),
    (
        "--unsupported-signals",
        ("reject", "discard"),
        "reject",
        "What to do with metrics, and with logs while --logs is off.",
    ),
    (
        "--auth-file",
        "FILE",
        "none",
        "A file of keys; OTLP and the API then ask for one. Read again when it changes.",
    ),
    ("--rate-limit", "NUMBER", "off", "How many requests a second one key may make."),
    (
        "--tls-cert",
        "FILE",
        "none",
        "A certificate chain (PEM) for OTLP and the API; read again when it changes.",
    ),
    ("--tls-key", "FILE", "none", "The private key of the certificate (PEM)."),
    ("--tls-client-ca", "FILE", "none", "Clients need a certificate that one of these (PEM) has signed."),
    (
        "--cors-origins",
        "ORIGINS",
        "none",
        "Web pages that may use OTLP and the API, separated by commas; a `*` stands for anything.",
    ),
    (
        "--allow-unauthenticated",
        ("off", "on"),
        "off",
        "Whether OTLP and the API may be reached from other machines without a key.",
    ),
    (
        "--feature-gates",
        "GATES",
        "none",
        "Behaviour that is chosen by name, separated by commas; `-NAME` turns it off.",
    ),
    ("--log-level", get_args(LogLevel), "info", "How much to log."),
    ("--log-format", get_args(LogFormat), "console", "For people or for machines."),
)
"""The options of `run`. Each has an environment variable: `OTEL_BRIDGE_` and the flag's name."""

UNAUTHENTICATED: Final = "--allow-unauthenticated"
"""Also without a value, which then is `on`."""


def variable(flag: str) -> str:
    """Return the environment variable of `flag`: `--data-dir` → `OTEL_BRIDGE_DATA_DIR`."""
    return "OTEL_BRIDGE_" + flag.removeprefix("--").replace("-", "_").upper()
