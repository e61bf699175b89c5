"""The authenticators that exist, and their keys (`contract/pipeline-config.md` §2.2)."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads the annotations
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from otel_bridge.auth.principal import Right
from otel_bridge.auth.settings import Interval  # noqa: TC001 - pydantic reads the annotations
from otel_bridge.parsers import Strict, Written

MAX_NAME: Final = 100
DIGEST_DIGITS: Final = 64
DEFAULT_RIGHTS: Final = (Right.INGEST, Right.READ, Right.SCORE)


def _name(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > MAX_NAME:
        raise ValueError(f"must be a printable text of at most {MAX_NAME} characters")
    return text


def _glob(text: str) -> str:
    if text != "*" and (text.count("/") != 1 or not all(text.split("/"))):
        raise ValueError("must be ENTITY/PROJECT, ENTITY/* or *")
    return text


def _digest(secret: SecretStr) -> SecretStr:
    digits = secret.get_secret_value().strip().lower()
    if len(digits) != DIGEST_DIGITS or any(digit not in "0123456789abcdef" for digit in digits):
        raise ValueError("must be the 64 hexadecimal digits of a SHA-256")
    return SecretStr(digits)


def parse_rate(given: object) -> object:
    """Read how many requests a second, a number above 0; `off` is no limit."""
    if given is None or (isinstance(given, str) and given.strip().lower() == "off"):
        return None
    try:
        rate = float(given) if isinstance(given, str | int | float) else 0.0
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise ValueError(f"{given!r} is no number of requests a second, for example 50 or off")
    return rate


Name = Annotated[str, AfterValidator(_name)]
Rate = Annotated[
    float | None,
    BeforeValidator(parse_rate),
    Written({"type": ["number", "string"], "title": "number or `off`", "examples": [50]}),
]


class KeyBody(Strict):
    """An entry of a file of keys. One of `key`, `sha256` and `certificate` at least."""

    name: Name
    """What the key is called in logs."""
    key: SecretStr | None = None
    """The key itself, or the password of `user`."""
    sha256: Annotated[SecretStr, AfterValidator(_digest)] | None = None
    """The SHA-256 of the key, in hexadecimal, in its place."""
    user: Name | None = None
    """With it, the key is the password of this user."""
    certificate: Name | None = None
    """The common name, or an alternative name, of a client certificate."""
    projects: tuple[Annotated[str, AfterValidator(_glob)], ...] = Field(default=("*",), min_length=1)
    """Globs of the projects it is for: `ENTITY/PROJECT`, `ENTITY/*`, or `*`."""
    rights: tuple[Right, ...] = Field(default=DEFAULT_RIGHTS, min_length=1)
    """What it is for: `ingest`, `read`, `score`, `admin`."""
    rate_limit: Rate = None
    """Requests a second; not there: as many as the authenticator says."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.key is not None and self.sha256 is not None:
            raise ValueError("has a key and a sha256: take one")
        if self.key is None and self.sha256 is None and self.certificate is None:
            raise ValueError("needs a key, a sha256 or a certificate")
        if self.key is not None and not self.key.get_secret_value().strip():
            raise ValueError("has an empty key")
        return self


Tokens = SecretStr | tuple[SecretStr | KeyBody, ...]
"""What a file of keys holds: its text, or the list of its entries."""


class _Limited(Strict):
    """What every authenticator may say."""

    rate_limit: Rate = None
    """How many requests a second each key may make, where the key does not say; `off`: any number."""
    reload_interval: Interval = Field(default="5s", validate_default=True)
    """How often a file is looked at."""


class _Keys(_Limited):
    """Where keys are: in a file, which is read again when it changes, or in the configuration itself."""

    tokens: Tokens | None = None
    """The keys: the text of a [file of keys](security.md#keys), or its list; `${file:…}` is `tokens_file`."""
    tokens_file: Path | None = None
    """A [file of keys](security.md#keys); read again when it changes."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.tokens is None) == (self.tokens_file is None):
            raise ValueError("give either tokens or tokens_file")
        return self


class BearerAuth(_Keys):
    """Keys as bearer tokens: `Authorization: Bearer KEY`."""


class ApiKeyAuth(_Keys):
    """Keys in the headers `wandb-api-key` and `x-api-key`."""


class KeyAuth(_Keys):
    """Keys by whatever way a client knows: as bearer token, as Basic `api:KEY`, in a header."""


class ClientAuth(Strict):
    """The one user of a listener."""

    username: Name
    """Who."""
    password: SecretStr | None = None
    """And the password. `${file:/path}` is the same as `password_file`."""
    password_file: Path | None = None
    """A file that holds the password; read again when it changes."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.password is None) == (self.password_file is None):
            raise ValueError("give either password or password_file")
        return self


class Htpasswd(Strict):
    """Lines of `USER:PASSWORD`, in a file or in the configuration."""

    file: Path | None = None
    """A file of them; read again when it changes."""
    inline: SecretStr | None = None
    """The lines themselves."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.inline is None):
            raise ValueError("give either file or inline")
        return self


class BasicAuth(_Limited):
    """HTTP Basic: keys of the user `api`, as Weave's clients send them, or users and passwords."""

    tokens: Tokens | None = None
    """The keys: the text of a [file of keys](security.md#keys), or its list; `${file:…}` is `tokens_file`."""
    tokens_file: Path | None = None
    """A [file of keys](security.md#keys); read again when it changes."""
    htpasswd: Htpasswd | None = None
    """Users and passwords, who may do everything."""
    client_auth: ClientAuth | None = None
    """One user with a password, who may do everything."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = (self.tokens, self.tokens_file, self.htpasswd, self.client_auth)
        if sum(source is not None for source in given) != 1:
            raise ValueError("give one of tokens, tokens_file, htpasswd and client_auth")
        return self


class CertificateAuth(_Limited):
    """Client certificates that the listener's `tls.client_ca_file` signed.

    `tokens_file` says whose a certificate is (`certificate` of an entry), and who is not there may not come
    in. Without it every such client may do everything.
    """

    tokens_file: Path | None = None
    """A [file of keys](security.md#keys) whose entries name certificates."""


Auth = BearerAuth | ApiKeyAuth | KeyAuth | BasicAuth | CertificateAuth
