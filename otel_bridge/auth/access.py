"""What a listener asks about each request: who sent it, and whether they may."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from otel_bridge.auth.credentials import Credential, Scheme, credentials
from otel_bridge.auth.keyring import KeyRing  # noqa: TC001 - msgspec reads the annotations
from otel_bridge.auth.principal import Need, Principal
from otel_bridge.errors import Forbidden, RateLimited, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from otel_bridge.auth.rate import RateLimiter

REALM: Final = "otel-bridge"
WORKER_HEADER: Final = "X-Otel-Bridge-Worker"
WORKER: Final = Principal("scoring worker", worker=True)
CERTIFIED: Final = "client certificate"

NO_KEY: Final = (
    "no key: send one as `Authorization: Bearer KEY`, as Basic `api:KEY` or in the header wandb-api-key"
)
WRONG_KEY: Final = "this key is not known here"
NO_CERTIFICATE: Final = "the client certificate belongs to nobody who may come in here"

_CHALLENGES: Final = {
    Scheme.BEARER: f'Bearer realm="{REALM}"',
    Scheme.BASIC: f'Basic realm="{REALM}", charset="UTF-8"',
    Scheme.API_KEY: f'ApiKey realm="{REALM}"',
}
"""Bearer comes first: a browser that is offered Basic asks for a password in a window of its own."""


class Authenticator(Struct, frozen=True):
    """Keys, and the schemes that they may come by.

    `any_certificate`: whoever has a certificate that the listener's client CA signed may do everything.
    `rate`: requests a second of those whose entry does not say.
    """

    keys: Callable[[], KeyRing]
    schemes: frozenset[Scheme]
    certificates: bool = False
    any_certificate: bool = False
    rate: float | None = None

    def find(self, found: Sequence[Credential], names: Sequence[str] | None) -> Principal | None:
        """Return who sent these credentials, or has a certificate with these names (None: has none)."""
        principal = self._keys_of(found) or self._certified(names)
        if principal is None or self.rate is None or principal.rate is not None:
            return principal
        return replace(principal, rate=self.rate)

    def _keys_of(self, found: Sequence[Credential]) -> Principal | None:
        ring = self.keys()
        for one in found:
            if one.scheme in self.schemes and (principal := ring.find(one)) is not None:
                return principal
        return None

    def _certified(self, names: Sequence[str] | None) -> Principal | None:
        if names is None or not self.certificates:
            return None
        principal = self.keys().certified(names)
        if principal is None and self.any_certificate:
            return Principal(f"{CERTIFIED} {names[0][:100]}" if names else CERTIFIED)
        return principal


class Access:
    """Who may use one listener.

    `note` counts refusals by name. With a `worker_token` nobody but the bridge's own workers may come in, and
    those to `worker_paths` alone.
    """

    def __init__(
        self,
        authenticators: Sequence[Authenticator],
        limiter: RateLimiter,
        note: Callable[[str], None],
        *,
        worker_token: str = "",
        worker_paths: frozenset[str] = frozenset(),
    ) -> None:
        self._authenticators = tuple(authenticators)
        self._limiter = limiter
        self._note = note
        self._worker_token = worker_token.encode()
        self._worker_paths = worker_paths
        schemes = {scheme for one in self._authenticators for scheme in one.schemes}
        self.challenge: Final = next((text for s, text in _CHALLENGES.items() if s in schemes), "Certificate")

    def admit(
        self, headers: Mapping[str, str], certificate: Sequence[str] | None, need: Need, path: str = ""
    ) -> Principal:
        """Return who sent a request for the endpoint at `path`.

        Raise Unauthenticated for want of a key that is known, Forbidden for want of a right, RateLimited
        where the key has made too many requests. None of them says which keys there are.
        """
        try:
            principal = self._identified(headers, certificate, path)
            principal.require(need)
            self._limiter.take(principal)
        except Unauthenticated:
            self._note("unauthenticated_requests")
            raise
        except Forbidden:
            self._note("forbidden_requests")
            raise
        except RateLimited:
            self._note("rate_limited_requests")
            raise
        return principal

    def _identified(
        self, headers: Mapping[str, str], certificate: Sequence[str] | None, path: str
    ) -> Principal:
        if self._worker_token:
            return self._worker(headers, path)
        found = tuple(credentials(headers))
        for one in self._authenticators:
            if (principal := one.find(found, certificate)) is not None:
                return principal
        if found or certificate is None:
            raise Unauthenticated(WRONG_KEY if found else NO_KEY, challenge=self.challenge)
        raise Unauthenticated(NO_CERTIFICATE, challenge=self.challenge)

    def _worker(self, headers: Mapping[str, str], path: str) -> Principal:
        token = (headers.get(WORKER_HEADER) or "").encode(errors="surrogateescape")
        if not hmac.compare_digest(token, self._worker_token):
            raise Unauthenticated("this listener is for the scoring workers of the bridge", challenge=REALM)
        if path not in self._worker_paths:
            raise Forbidden("this is none of a scoring worker's business")
        return WORKER
