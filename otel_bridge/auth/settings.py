"""What a listener is told about security (`pipeline-config.md` §2.1, `otlp-receiver.md` §10)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path  # noqa: TC003 - pydantic reads the annotations
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Struct
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from otel_bridge.parsers import Strict, Wait, Written, parse_wait

if TYPE_CHECKING:
    from otel_bridge.auth.authenticators import Auth


def _some(interval: timedelta) -> timedelta:
    if interval <= timedelta(0):
        raise ValueError("must be longer than nothing, for example 5s")
    return interval


def _seconds(given: object) -> object:
    """Read a number of seconds, as the collector has it, or a duration."""
    if isinstance(given, str) and given.strip().isdecimal():
        return timedelta(seconds=int(given))
    if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
        return timedelta(seconds=given)
    return parse_wait(given)


def _origin(text: str) -> str:
    if text != "*" and "://" not in text:
        raise ValueError(f"{text!r} is no origin, for example https://app.example")
    return text


Interval = Annotated[Wait, AfterValidator(_some)]
Seconds = Annotated[
    timedelta,
    BeforeValidator(_seconds),
    Written({"type": ["string", "integer"], "title": "seconds or a duration", "examples": [600, "10m"]}),
]


class Tls(Strict):
    """TLS of a listener. With `client_ca_file` clients need a certificate that it signed."""

    cert_file: Path
    """The certificate and what leads to its CA, PEM."""
    key_file: Path
    """Its private key, PEM, without a password."""
    client_ca_file: Path | None = None
    """Clients need a certificate that one of these (PEM) has signed."""
    min_version: Literal["1.2", "1.3"] = "1.2"
    """The oldest version of TLS that is spoken; gRPC takes 1.2 only."""
    reload_interval: Interval = Field(default="5s", validate_default=True)
    """How often the files are looked at; new connections go by what they hold then."""

    @model_validator(mode="before")
    @classmethod
    def _both(cls, given: Any) -> Any:
        if isinstance(given, dict) and bool(given.get("cert_file")) != bool(given.get("key_file")):
            raise ValueError("for auth via TLS, provide both certificate and key, or neither")
        return given


class Cors(Strict):
    """Which web pages of other sites may use a listener."""

    allowed_origins: tuple[Annotated[str, AfterValidator(_origin)], ...] = ()
    """Origins, as `https://app.example`; a `*` stands for anything. None: CORS is off."""
    allowed_headers: tuple[str, ...] = ()
    """Headers that pages may send beside the ordinary ones; `*` is any."""
    exposed_headers: tuple[str, ...] = ()
    """Headers of answers that pages may read beside the ordinary ones."""
    max_age: Seconds = Field(default="0s", validate_default=True)
    """How long browsers may remember what they were allowed."""


class Security(Struct, frozen=True):
    """What guards one listener. Without `auth` it asks for nothing.

    `passthrough`: keys of callers go on to the upstream that answers their questions.
    """

    auth: tuple[Auth, ...] = ()
    tls: Tls | None = None
    cors: Cors | None = None
    passthrough: bool = False

    @property
    def asks(self) -> bool:
        """Whether a client must show who it is, by a key or a certificate."""
        return bool(self.auth) or (self.tls is not None and self.tls.client_ca_file is not None)
