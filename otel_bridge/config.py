"""Everything a user may set, checked once. Only the command line (`cli`) reads flags and environment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path  # noqa: TC003 - pydantic reads the annotations
from typing import Annotated, Final, Literal

import durationpy
from pydantic import BaseModel, BeforeValidator, ByteSize, ConfigDict, Field, TypeAdapter, ValidationError

from otel_bridge.exporter.settings import WeaveSettings  # noqa: TC001 - pydantic reads the annotations
from otel_bridge.ingest.address import default_data_dir
from otel_bridge.receiver.settings import MAX_REQUEST_BYTES
from otel_bridge.telemetry import LogFormat, LogLevel  # noqa: TC001 - pydantic reads the annotations
from otel_bridge.translate.options import Options

_ENDPOINT: Final = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>\d{1,5})")
_PROJECT: Final = re.compile(r"[^/\s]+/[^/\s]+")
_MAX_PORT: Final = 65_535
_SIZE: Final = TypeAdapter(ByteSize)
MIN_DISK_BYTES: Final = 16 << 20
"""Below this a store is busier with removing calls than with keeping them."""


class Endpoint(BaseModel, frozen=True):
    """Where to listen. Port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_endpoint(text: object) -> object:
    """Read `HOST:PORT` or `[IPv6]:PORT`."""
    if not isinstance(text, str):
        return text
    found = _ENDPOINT.fullmatch(text.strip())
    if found is None or int(found["port"]) > _MAX_PORT:
        raise ValueError(f"{text!r} is not HOST:PORT, for example 127.0.0.1:4318")
    return Endpoint(host=found["v6"] or found["host"], port=int(found["port"]))


def parse_duration(text: object) -> object:
    """Read a Go duration with days: `90m`, `36h`, `14d`; `off` is None."""
    if not isinstance(text, str):
        return text
    if text.strip().lower() == "off":
        return None
    try:
        found = durationpy.from_str(text.strip())
    except (durationpy.DurationError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a duration, for example 36h, 14d or off") from error
    if found <= timedelta(0):
        raise ValueError(f"{text!r} is not longer than nothing; `off` keeps calls for ever")
    return found


def parse_since(text: str, now: datetime) -> datetime:
    """Read a time: so long ago (`7d`), or ISO 8601 (`2026-11-01T00:00Z`), in UTC without a zone."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        ago = _duration_or_none(text)
        if ago is None:
            raise ValueError(
                f"{text!r} is neither a duration nor a time, for example 7d or 2026-11-01"
            ) from None
        return now - ago
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _duration_or_none(text: str) -> timedelta | None:
    try:
        found = parse_duration(text)
    except ValueError:
        return None
    return found if isinstance(found, timedelta) else None


def parse_size(text: object) -> object:
    """Read a size in bytes: `500MB`, `20GiB`; `off` is None."""
    if not isinstance(text, str):
        return text
    if text.strip().lower() == "off":
        return None
    try:
        size = _SIZE.validate_python(text)
    except ValidationError as error:
        raise ValueError(f"{text!r} is not a size, for example 500MB, 20GiB or off") from error
    if size < MIN_DISK_BYTES:
        raise ValueError(
            f"{text!r} is less than {MIN_DISK_BYTES >> 20} MiB, the least that can be worked with"
        )
    return size


def parse_bound(text: object) -> object:
    """Read a size in bytes that cannot be `off`."""
    size = parse_size(text)
    if size is None:
        raise ValueError("there must be a limit, for example 1GiB")
    return size


def parse_wait(text: object) -> object:
    """Read a duration that may be nothing: `25s`, `0s`."""
    if isinstance(text, str) and text.strip() in {"0", "0s"}:
        return timedelta(0)
    found = parse_duration(text)
    if found is None:
        raise ValueError("there must be a limit, for example 25s")
    return found


def parse_project(text: str) -> str:
    """Check `ENTITY/PROJECT`."""
    if _PROJECT.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not ENTITY/PROJECT, for example local/default")
    return text


ListensAt = Annotated[Endpoint, BeforeValidator(parse_endpoint)]
Duration = Annotated[timedelta | None, BeforeValidator(parse_duration)]
Size = Annotated[ByteSize, BeforeValidator(parse_bound)]


class BridgeConfig(BaseModel):
    """One bridge. `store`: it keeps calls itself; `upstreams`: they leave for these, through the queue."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    profile: Literal["standalone", "sidecar", "gateway"] = "standalone"
    data_dir: Path = Field(default_factory=default_data_dir)
    otlp_http: ListensAt | None = Endpoint(host="127.0.0.1", port=4318)
    otlp_grpc: ListensAt | None = Endpoint(host="127.0.0.1", port=4317)
    otlp_http_size: int = MAX_REQUEST_BYTES
    otlp_grpc_size: int = MAX_REQUEST_BYTES
    api: ListensAt | None = Endpoint(host="127.0.0.1", port=6345)
    admin: ListensAt | None = None
    metrics: ListensAt | None = None
    default_project: Annotated[str, BeforeValidator(parse_project)] | None = "local/default"
    retention: Duration = timedelta(days=14)
    max_disk: Annotated[ByteSize | None, BeforeValidator(parse_size)] = ByteSize(20 << 30)
    usage_on_wrappers: Literal["drop", "keep"] = "drop"
    session_threads: Literal["on", "off"] = "on"
    turns: Literal["roots", "spans"] = "roots"
    logs: Literal["on", "off"] = "off"
    unsupported_signals: Literal["reject", "discard"] = "reject"
    shutdown_timeout: Annotated[timedelta, BeforeValidator(parse_wait)] = timedelta(seconds=25)
    log_level: LogLevel = "info"
    log_format: LogFormat = "console"

    config_files: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    """Components that are defined, and that no pipeline uses."""

    store: bool = True
    upstreams: tuple[WeaveSettings, ...] = ()
    queue_dir: Path | None = None
    queue_size: Size = ByteSize(1 << 30)
    queue_max_age: Duration = timedelta(days=7)
    queue_min_free: Size = ByteSize(256 << 20)
    dead_letter_dir: Path | None = None
    dead_letter_size: Size = ByteSize(256 << 20)

    @property
    def options(self) -> Options:
        """Return what spans become."""
        return Options(
            usage_on_wrappers=self.usage_on_wrappers,
            session_threads=self.session_threads == "on",
            turns=self.turns,
        )
