"""What guards the listeners: keys and certificates read, watched for changes, and put before each door."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec import Struct

from otel_bridge.auth import keys_file
from otel_bridge.auth.access import Access, Authenticator
from otel_bridge.auth.authenticators import ApiKeyAuth, BasicAuth, BearerAuth, CertificateAuth, KeyAuth
from otel_bridge.auth.credentials import Scheme
from otel_bridge.auth.keyring import KeyRing
from otel_bridge.auth.rate import RateLimiter
from otel_bridge.auth.tls import Certificates
from otel_bridge.auth.watching import Watched, text_of
from otel_bridge.config import EXPOSED
from otel_bridge.errors import StartError
from otel_bridge.http.door import OPEN, Door
from otel_bridge.ingest.child import background
from otel_bridge.parsers import BadSetting
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AsyncExitStack
    from datetime import timedelta
    from pathlib import Path

    from pydantic import SecretStr

    from otel_bridge.auth.authenticators import Auth
    from otel_bridge.auth.settings import Security, Tls
    from otel_bridge.config import BridgeConfig
    from otel_bridge.telemetry import Telemetry

Given = TypeVar("Given")
HTPASSWD: Final = "htpasswd"
"""How the lines of such a file are read, in place of a file of keys."""

WAYS: Final[Mapping[type[Any], frozenset[Scheme]]] = {
    BearerAuth: frozenset({Scheme.BEARER}),
    ApiKeyAuth: frozenset({Scheme.API_KEY}),
    KeyAuth: frozenset(Scheme),
    BasicAuth: frozenset({Scheme.BASIC}),
    CertificateAuth: frozenset(),
}
"""How keys may come, by the kind of their settings."""


class Guarded(Struct, frozen=True):
    """The doors of a bridge. `limiter` counts what a key asks at all of them together."""

    otlp_http: Door
    otlp_grpc: Door
    api: Door
    limiter: RateLimiter


async def open_guards(owned: AsyncExitStack, config: BridgeConfig, telemetry: Telemetry) -> Guarded:
    """Read keys and certificates and watch their files.

    Raise StartError for a file that cannot be used, and for a listener that others may reach without a key
    although nobody said that they may.
    """
    check_exposed(config)
    making = _Making(RateLimiter(time.monotonic), telemetry.note)
    guards = await asyncio.to_thread(making.guards, config)
    for watched in making.watched:
        await owned.enter_async_context(background(watched.watch()))
    return guards


def check_files(config: BridgeConfig) -> None:
    """Raise BadSetting for keys and certificates that a bridge could not start with. Reads them all."""
    try:
        _Making(RateLimiter(time.monotonic), lambda _: None).guards(config)
    except StartError as error:
        raise BadSetting(str(error)) from error


def check_exposed(config: BridgeConfig) -> None:
    """Raise StartError for a listener that other machines may reach and that asks nobody who they are."""
    for listener in config.exposed:
        flag, endpoint = f"--{listener.replace('_', '-')}", getattr(config, listener)
        if not config.allow_unauthenticated:
            raise StartError(f"{flag} {endpoint}: {EXPOSED}")
        log().warning("listener_without_auth", listener=flag, address=str(endpoint))


class _Making:
    """Makes doors; what two of them share is read once."""

    def __init__(self, limiter: RateLimiter, note: Callable[[str], None]) -> None:
        self.limiter = limiter
        self.watched: list[Watched[Any]] = []
        self._note = note
        self._rings: dict[tuple[Path, str], Watched[KeyRing]] = {}
        self._certificates: dict[Tls, Certificates] = {}

    def guards(self, config: BridgeConfig) -> Guarded:
        """Read all files and return the doors; raise StartError. Blocks."""
        http, grpc, api = (
            OPEN if endpoint is None else self._door(own)
            for endpoint, own in (
                (config.otlp_http, config.otlp_http_security),
                (config.otlp_grpc, config.otlp_grpc_security),
                (config.api, config.api_security),
            )
        )
        return Guarded(http, grpc, api, self.limiter)

    def _door(self, security: Security) -> Door:
        auth = list(security.auth)
        if not auth and security.asks:
            auth.append(CertificateAuth())
        access = None
        if auth:
            certificates = security.tls is not None and security.tls.client_ca_file is not None
            found = [self._authenticator(one, certificates=certificates) for one in auth]
            access = Access(found, self.limiter, self._note)
        return Door(access, self._tls(security.tls), security.cors)

    def _authenticator(self, auth: Auth, *, certificates: bool) -> Authenticator:
        any_certificate = isinstance(auth, CertificateAuth) and auth.tokens_file is None
        if isinstance(auth, CertificateAuth) and not certificates:
            raise StartError("certificate_auth: the listener needs tls with client_ca_file")
        return Authenticator(
            self._keys(auth), WAYS[type(auth)], certificates, any_certificate, auth.rate_limit
        )

    def _keys(self, auth: Auth) -> Callable[[], KeyRing]:
        match auth:
            case BasicAuth(client_auth=client) if client is not None and client.password_file is not None:
                read = partial(keys_file.one_user, client.username)
                return self._file(client.password_file, auth.reload_interval, read, client.username)
            case BasicAuth(client_auth=client) if client is not None and client.password is not None:
                ring = keys_file.one_user(client.username, client.password.get_secret_value())
            case BasicAuth(htpasswd=users) if users is not None and users.file is not None:
                return self._file(users.file, auth.reload_interval, keys_file.read_htpasswd, HTPASSWD)
            case BasicAuth(htpasswd=users) if users is not None and users.inline is not None:
                ring = _inline(users.inline, _users)
            case CertificateAuth(tokens_file=None):
                ring = KeyRing()
            case _ if auth.tokens_file is not None:
                return self._file(auth.tokens_file, auth.reload_interval, keys_file.read_keys, "")
            case _:
                assert not isinstance(auth, CertificateAuth)
                assert auth.tokens is not None  # the settings see to it
                ring = _inline(auth.tokens, keys_file.given_keys)
        return lambda: ring

    def _file(
        self, path: Path, interval: timedelta, read: Callable[[str], KeyRing], how: str
    ) -> Callable[[], KeyRing]:
        """Return what gives the keys of a file; it is watched once for each way (`how`) that it is read."""
        watched = self._rings.get((path, how))
        if watched is None:
            watched = Watched(
                [path], partial(_decoded, read), what="file of keys", seconds=interval.total_seconds()
            )
            self._rings[path, how] = watched
            self.watched.append(watched)
        return lambda: watched.value

    def _tls(self, tls: Tls | None) -> Certificates | None:
        if tls is None:
            return None
        if tls not in self._certificates:
            self._certificates[tls] = Certificates(tls)
            self.watched.append(self._certificates[tls].files)
        return self._certificates[tls]


def _decoded(read: Callable[[str], KeyRing], content: bytes) -> KeyRing:
    return read(text_of(content))


def _inline(given: Given, read: Callable[[Given], KeyRing]) -> KeyRing:
    try:
        return read(given)
    except keys_file.BadKeys as error:
        raise StartError(f"the keys of the configuration: {error}") from None


def _users(lines: SecretStr) -> KeyRing:
    return keys_file.read_htpasswd(lines.get_secret_value())
