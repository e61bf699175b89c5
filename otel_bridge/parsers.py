"""Reads what people write in settings: addresses, durations, sizes, projects, URLs, keys."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import durationpy
from pydantic import (
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    PlainSerializer,
    SecretStr,
    SerializationInfo,
    TypeAdapter,
    ValidationError,
    model_validator,
)

_ENDPOINT: Final = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>\d{1,5})")
_PROJECT: Final = re.compile(r"[^/\s]+/[^/\s]+")
_MAX_PORT: Final = 65_535
_SIZE: Final = TypeAdapter(ByteSize)
_UNITS: Final = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1000,
    "us": 1,
}
"""Unit of a duration → microseconds."""
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
    if isinstance(text, Endpoint):
        return text
    if not isinstance(text, str):
        raise ValueError("HOST:PORT is needed, for example 127.0.0.1:4318")  # noqa: TRY004 - pydantic wants it
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
    found = _duration(text, "36h, 14d or off")
    if found <= timedelta(0):
        raise ValueError(f"{text!r} is not longer than nothing; `off` keeps calls for ever")
    return found


def _duration(text: str, examples: str) -> timedelta:
    try:
        return durationpy.from_str(text.strip())
    except (durationpy.DurationError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a duration, for example {examples}") from error


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
    if not isinstance(text, str):
        return text
    if text.strip().lower() == "off":
        raise ValueError("there must be a limit, for example 25s")
    found = _duration(text, "25s or 7d")
    if found < timedelta(0):
        raise ValueError(f"{text!r} is less than nothing")
    return found


def spelled_duration(duration: timedelta) -> str:
    """Write a duration as `parse_wait` reads it, with as few units as it takes: `14d`, `1h30m`, `200ms`."""
    left = duration // timedelta(microseconds=1)
    text = ""
    for unit, size in _UNITS.items():
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def parse_project(text: str) -> str:
    """Check `ENTITY/PROJECT`."""
    if _PROJECT.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not ENTITY/PROJECT, for example local/default")
    return text


class Written:
    """How a value is written in a file, as JSON Schema. Unlike pydantic's own it imports nothing at start."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    def __get_pydantic_json_schema__(self, _core: object, _handler: object) -> dict[str, Any]:
        return dict(self._schema)


_DURATION: Final = {"type": "string", "title": "duration", "examples": ["200ms", "1h30m", "14d"]}
_BYTES: Final = {"type": ["string", "integer"], "title": "size", "examples": ["500MB", "1GiB"]}

ListensAt = Annotated[
    Endpoint,
    BeforeValidator(parse_endpoint),
    Written({"type": "string", "title": "HOST:PORT", "examples": ["127.0.0.1:4318", "[::1]:4318"]}),
]
Wait = Annotated[
    timedelta,
    BeforeValidator(parse_wait),
    PlainSerializer(spelled_duration, when_used="json"),
    Written(_DURATION),
]
"""A duration: `200ms`, `5s`, `1h30m`, `7d`; `0s` is one."""
Duration = Annotated[
    timedelta | None,
    BeforeValidator(parse_duration),
    Written({**_DURATION, "type": ["string", "boolean", "null"], "title": "duration or `off`"}),
]
"""A duration longer than nothing, or `off`."""
Size = Annotated[ByteSize, BeforeValidator(parse_bound), Written(_BYTES)]
"""A size: bytes, or with a unit."""
SizeOrOff = Annotated[
    ByteSize | None,
    BeforeValidator(parse_size),
    Written({**_BYTES, "type": ["string", "integer", "boolean", "null"], "title": "size or `off`"}),
]
ProjectId = Annotated[
    str,
    BeforeValidator(parse_project),
    Written({"type": "string", "title": "ENTITY/PROJECT", "examples": ["local/default"]}),
]


CLEAR: Final = {"secrets": "clear"}
"""The context in which secrets are written as they are: for a child process on a private channel."""


def spelled_secret(secret: SecretStr, info: SerializationInfo) -> str:
    """Write a secret as stars, in the context `CLEAR` as it is."""
    return secret.get_secret_value() if info.context == CLEAR else str(secret)


Hidden = Annotated[SecretStr, PlainSerializer(spelled_secret, when_used="json")]


class Strict(BaseModel):
    """Unknown keys are errors, what was read does not change, and what is wrong may be secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


class Choice(Strict):
    """A key that is there with an empty value is there with all its defaults, as in a collector."""

    @model_validator(mode="before")
    @classmethod
    def _empty_is_all_defaults(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {name: {} if value is None else value for name, value in given.items()}


class BadSetting(ValueError):
    """A variable or a flag that makes no sense; the message names it."""


def checked_url(text: str) -> str:
    """Check the base URL of a server; raise BadSetting."""
    example = "for example https://trace.wandb.ai"
    try:
        url = urlsplit(text.strip())
        _ = url.port  # raises for one that there is not
    except ValueError as error:
        raise BadSetting(f"{_shown(text)} is no URL, {example}") from error
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise BadSetting(f"{_shown(text)} is no http or https URL, {example}")
    if url.username is not None or url.password is not None or url.query or url.fragment:
        raise BadSetting(f"the URL may have a host, a port and a path, nothing else, {example}")
    return text.strip().rstrip("/")


def _shown(text: str) -> str:
    """Show a text that may hold a password before an `@`."""
    return repr(text) if "@" not in text else "what is there"


def checked_key(text: str) -> SecretStr:
    """Check a key; raise BadSetting, which does not show it."""
    key = text.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise BadSetting("this is no API key")
    return SecretStr(key)
