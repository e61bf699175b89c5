"""What an operator may write below `scoring`: scorers, monitors, models, limits."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path  # noqa: TC003 - pydantic reads the annotations
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ByteSize,
    Field,
    SecretStr,
    model_validator,
)

from otel_bridge.parsers import CLEAR, Hidden, ProjectId, Size, Strict, Wait, checked_url
from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.judge.judge import SETTINGS as JUDGE_SETTINGS
from otel_bridge.scorer.judge.judge import judge_of
from otel_bridge.scorer.kinds import (
    Contains,
    Cost,
    ExactMatch,
    FuzzyMatch,
    JsonSchema,
    Kind,
    Latency,
    Length,
    Name,
    Pii,
    Python,
    Regex,
    Timeout,
    Tokens,
    ValidJson,
    listed,
)

LEAST_MEMORY_BYTES: Final = 256 << 20
_HOST: Final = re.compile(r"(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)(?::(?P<port>\d{1,5}))?")
"""A host, perhaps with a port; no wildcards, no scheme. Other scripts are written: `xn--…`."""


def _check_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value().strip()
    if not text.isascii() or not text.isprintable():
        raise ValueError("it has characters that cannot be sent in a header")
    return SecretStr(text)


def _check_host(text: str) -> str:
    host = text.strip().lower()
    found = _HOST.fullmatch(host)
    if found is None or int(found["port"] or 1) not in range(1, 1 << 16):
        example = "for example scoring.example.com, or scoring.example.com:8443 for one of its ports"
        raise ValueError(f"{text!r} is no host, {example}")
    return host


Host: TypeAlias = Annotated[str, AfterValidator(_check_host)]


def _check_lease(lease: timedelta) -> timedelta:
    if not timedelta(seconds=1) <= lease <= timedelta(hours=1):
        raise ValueError("a lease is at least 1s and at most 1h")
    return lease


def _check_memory(size: ByteSize | None) -> ByteSize | None:
    if size is not None and size < LEAST_MEMORY_BYTES:
        raise ValueError(f"a runner needs at least {LEAST_MEMORY_BYTES >> 20}MiB of address space")
    return size


Lease: TypeAlias = Annotated[Wait, AfterValidator(_check_lease)]
Sendable: TypeAlias = Annotated[Hidden, AfterValidator(_check_secret)]


def _check_patterns(scorer: Kind) -> Kind:
    """Refuse patterns and schemas that cannot be used where they are written, not at the first call."""
    if isinstance(scorer, Regex | JsonSchema) or (isinstance(scorer, Pii) and scorer.allow):
        from otel_bridge.scorer.rules.opening import opened  # noqa: PLC0415 - matchers, only where one is set

        try:
            opened(scorer)
        except Unusable as error:
            raise ValueError(str(error)) from error
    return scorer


class Limits(Strict):
    """What a scorer may take when it says nothing itself. `per_minute` None: as many as there are."""

    concurrency: int = Field(default=4, ge=1, le=10_000)
    per_minute: float | None = Field(default=None, gt=0)
    timeout: Timeout = timedelta(seconds=30)
    attempts: int = Field(default=3, ge=1, le=100)


class LlmJudge(Kind):
    """A model judges; `model` is `PROVIDER/MODEL`. The other keys: `scorer/judge/judge.py`."""

    type: Literal["llm_judge"]
    model: str = Field(min_length=1)
    system: str | None = None
    prompt: str | None = None
    messages: list[dict[str, Any]] | None = None
    response_format: Literal["text", "json_object", "json_schema"] | None = None
    response_schema: dict[str, Any] | None = None
    params: dict[str, Any] = Field(default={})
    column_map: dict[str, str] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        said = self.model_dump(mode="json")
        try:
            judge_of({name: said[name] for name in JUDGE_SETTINGS if name in said})
        except Unusable as error:
            raise ValueError(str(error)) from error
        return self


class Remote(Kind):
    """An HTTP service scores; `secret` names one of `scoring.secrets`."""

    type: Literal["remote"]
    endpoint: Annotated[str, AfterValidator(checked_url)]
    config: dict[str, Any] | None = None
    secret: Name | None = None
    column_map: dict[str, str] | None = None


ScorerSettings: TypeAlias = Annotated[
    ValidJson
    | JsonSchema
    | Regex
    | Contains
    | ExactMatch
    | FuzzyMatch
    | Length
    | Latency
    | Cost
    | Tokens
    | Pii
    | Python
    | LlmJudge
    | Remote,
    Field(discriminator="type"),
    AfterValidator(_check_patterns),
]


class Provider(Strict):
    """Where models are asked: the base URL of an OpenAI-compatible API, as `https://api.openai.com/v1`."""

    base_url: Annotated[str, AfterValidator(checked_url)]
    api_key: Sendable | None = None
    headers: dict[str, Sendable] = Field(default={})


class Secret(Strict):
    """A secret that scorers may name, sent to `hosts` only: `HOST:PORT`, or `HOST` for all its ports."""

    value: Sendable
    hosts: Annotated[tuple[Host, ...], BeforeValidator(listed), Field(min_length=1)]


class MonitorSettings(Strict):
    """Which calls are scored when they end, without a request. No `projects`: those of every project."""

    projects: tuple[ProjectId, ...] = ()
    op_names: tuple[str, ...] = ()
    query: dict[str, Any] | None = None
    sampling_rate: float = Field(default=1.0, ge=0, le=1)
    scorers: tuple[str, ...] = Field(min_length=1)
    active: bool = True
    description: str | None = None


class ScoringSettings(Strict):
    """How calls are scored.

    `workers` processes take tasks; each has `runners` processes in which scorers run. `python_path` are
    folders that Python scorers are imported from; `max_memory` bounds the memory of a runner, `max_result`
    the JSON of one result. `remote_hosts` may be asked by remote scorers that stored objects describe.
    `lease` is how long a worker holds tasks without a sign of life. `jobs`: `store`, or the id of a Kafka
    extension.
    """

    workers: int = Field(default=1, ge=0, le=64)
    runners: int = Field(default=1, ge=1, le=64)
    jobs: str = "store"
    lease: Lease = timedelta(seconds=20)
    limits: Limits = Limits()
    scorers: dict[Name, ScorerSettings] = Field(default={})
    monitors: dict[Name, MonitorSettings] = Field(default={})
    providers: dict[Name, Provider] = Field(default={})
    secrets: dict[Name, Secret] = Field(default={})
    remote_hosts: tuple[Host, ...] = ()
    python_path: tuple[Path, ...] = ()
    max_memory: Annotated[Size | None, AfterValidator(_check_memory)] = None
    max_result: ByteSize = Field(default=ByteSize(1 << 20), ge=1024, le=64 << 20)

    @model_validator(mode="after")
    def _check_stand_ins(self) -> Self:
        taken: dict[str, str] = {}
        for name, scorer in self.scorers.items():
            for stored in scorer.stands_in_for or ():
                if taken.setdefault(stored, name) != name:
                    raise ValueError(f"{taken[stored]} and {name} both stand in for {stored}")
                if stored in self.scorers and stored != name:
                    raise ValueError(f"{name} stands in for {stored}, and {stored} is registered itself")
        return self

    def in_the_clear(self) -> str:
        """Return the settings as JSON with their secrets, for a child process on a private channel."""
        return self.model_dump_json(by_alias=True, exclude_unset=True, context=CLEAR)
