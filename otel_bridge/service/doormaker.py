"""Makes doors of what listeners say: reads keys and certificates. Loaded where a listener has any."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from otel_bridge.auth import keys_file
from otel_bridge.auth.access import Access, Authenticator
from otel_bridge.auth.authenticators import ApiKeyAuth, BasicAuth, BearerAuth, CertificateAuth, KeyAuth
from otel_bridge.auth.credentials import Scheme
from otel_bridge.auth.keyring import KeyRing
from otel_bridge.auth.tls import Certificates
from otel_bridge.auth.watching import Watched, text_of
from otel_bridge.errors import StartError
from otel_bridge.http.door import Door

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from pathlib import Path

    from pydantic import SecretStr

    from otel_bridge.auth.authenticators import Auth
    from otel_bridge.auth.rate import RateLimiter
    from otel_bridge.auth.settings import Security, Tls

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


class Doormaker:
    """Makes doors; what two of them share is read once."""

    def __init__(self, limiter: RateLimiter, note: Callable[[str], None]) -> None:
        self.limiter = limiter
        self.watched: list[Watched[Any]] = []
        self._note = note
        self._rings: dict[tuple[Path, str], Watched[KeyRing]] = {}
        self._certificates: dict[Tls, Certificates] = {}

    def door(self, security: Security) -> Door:
        """Return the door of one listener; raise StartError for files that cannot be used. Blocks."""
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
