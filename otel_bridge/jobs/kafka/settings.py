"""What an operator may write under `extensions: kafka:` (`contract/pipeline-config.md` §2.2, §4.3)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from otel_bridge.parsers import CLEAR, Hidden, ProjectId, Strict, Wait, parse_endpoint

_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")

OURS: Final = frozenset(
    {
        "acks",
        "bootstrap.servers",
        "client.id",
        "delivery.timeout.ms",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "enable.idempotence",
        "group.id",
        "group.protocol",
        "message.timeout.ms",
        "metadata.broker.list",
        "partition.assignment.strategy",
        "request.required.acks",
        "sasl.mechanism",
        "sasl.mechanisms",
        "sasl.password",
        "sasl.username",
        "security.protocol",
        "session.timeout.ms",
        "ssl.ca.location",
        "ssl.certificate.location",
        "ssl.key.location",
        "ssl.key.password",
        "enable.ssl.certificate.verification",
    }
)
"""Options of librdkafka that have a key of their own here, or that the promises of this package rest on."""


def _brokers(value: object) -> object:
    """Take a list, or one text with commas: what a variable can hold."""
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
        return value
    brokers = [broker.strip() for part in parts for broker in part.split(",") if broker.strip()]
    for broker in brokers:
        try:
            parse_endpoint(broker)
        except ValueError as error:
            raise ValueError(f"{broker!r} is not HOST:PORT, for example kafka-1:9092") from error
    return brokers


def _topic(value: object) -> object:
    if isinstance(value, str) and (_TOPIC.fullmatch(value) is None or value in {".", ".."}):
        raise ValueError(f"{value!r} is no name of a topic: letters, digits, '.', '_' and '-', 249 at most")
    return value


Topic = Annotated[str, BeforeValidator(_topic)]


class Sasl(Strict):
    """Who we are to the brokers."""

    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    username: str = Field(min_length=1)
    password: Hidden


class Tls(Strict):
    """How brokers are known, and we to them: PEM files. Without `ca_file`, the system's authorities count."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    key_password: Hidden | None = None
    insecure_skip_verify: bool = False


class KafkaSettings(Strict):
    """Where scoring jobs are kept between the bridge and its workers.

    `timeout` is how long a request waits until the brokers have kept its jobs. `max_in_hand` messages may be
    fetched and unfinished in one worker. `key_buckets` above 1 spreads one project over so many partitions.
    `projects` explains the internal project ids of a Weave server that writes to, or reads, the same topics.
    `properties` are further options of librdkafka; they may hold secrets and are never shown.
    """

    brokers: Annotated[tuple[str, ...], BeforeValidator(_brokers)] = Field(min_length=1)
    topic: Topic = "weave.score_calls"
    call_ended_topic: Topic = "weave.call_ended"
    dead_letter_topic: Topic = "weave.score_calls.dead_letter"
    group_id: str = Field(default="otel-bridge", min_length=1, max_length=240)
    client_id: str = Field(default="otel-bridge", min_length=1, max_length=255)
    acks: Literal["all"] = "all"
    enable_idempotence: bool = True
    key_buckets: int = Field(default=1, ge=1, le=10_000)
    timeout: Wait = Field(default=timedelta(seconds=10), ge=timedelta(seconds=1), le=timedelta(minutes=5))
    session_timeout: Wait = Field(
        default=timedelta(seconds=45), ge=timedelta(seconds=1), le=timedelta(minutes=30)
    )
    max_in_hand: int = Field(default=500, ge=1, le=100_000)
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] | None = None
    sasl: Sasl | None = None
    tls: Tls | None = None
    projects: dict[str, ProjectId] = Field(default={})
    properties: dict[str, Hidden] = Field(default={})

    @field_validator("properties", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        taken = sorted(OURS.intersection(value))
        if taken:
            raise ValueError(f"{', '.join(taken)}: not here, these have keys of their own or must not change")
        return {name: _spelled(option) for name, option in value.items()}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(set(self.projects.values())) < len(self.projects):
            raise ValueError("projects: two internal ids name the same project")
        if len({self.topic, self.call_ended_topic, self.dead_letter_topic}) < 3:  # noqa: PLR2004 - all three
            raise ValueError("topic, call_ended_topic and dead_letter_topic must be three topics")
        if self.protocol.startswith("SASL") != (self.sasl is not None):
            raise ValueError(f"security_protocol {self.protocol} and sasl do not belong together")
        if not self.protocol.endswith("SSL") and self.tls is not None:
            raise ValueError(f"security_protocol {self.protocol} uses no tls")
        return self

    @property
    def call_ended_group_id(self) -> str:
        """The group that looks at ended calls.

        It is a group of its own because partitions are shared out by their number, whichever topic they are
        of: in one group a worker could get all the ended calls and nothing to score.
        """
        return f"{self.group_id}.call_ended"

    @property
    def protocol(self) -> str:
        """How brokers are spoken to: as written, or as `sasl` and `tls` ask for."""
        if self.security_protocol is not None:
            return self.security_protocol
        transport = "PLAINTEXT" if self.tls is None else "SSL"
        return transport if self.sasl is None else f"SASL_{transport}"

    def in_the_clear(self) -> str:
        """Return the settings as JSON with their secrets, for a child process's ears only."""
        return self.model_dump_json(context=CLEAR)


def _spelled(option: Any) -> Any:
    """Spell a YAML scalar as librdkafka does."""
    if isinstance(option, bool):
        return str(option).lower()
    return str(option) if isinstance(option, (int, float)) else option
