"""The keys that open a listener, looked up in a time that says nothing of them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from otel_bridge.auth.principal import Principal  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otel_bridge.auth.credentials import Credential

DIGEST_BYTES: Final = 32
API_USER: Final = b"api"
"""The user of every key in Weave's clients."""


class Entry(Struct, frozen=True):
    """One way in: `digest` is the SHA-256 of a key or password, `certificate` a name in a client certificate.

    With a `user` the key is a password, and opens together with that user only.
    """

    principal: Principal
    digest: bytes | None = None
    user: str | None = None
    certificate: str | None = None


def digest_of(secret: bytes) -> bytes:
    """Return the SHA-256 of a key: what is kept of it."""
    return hashlib.sha256(secret).digest()


class KeyRing:
    """Finds whose key it is.

    Keys are found by a MAC of their digest under a secret of this object: neither how many keys there are
    nor how much of one was guessed shows in the time a look-up takes.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._secret = secrets.token_bytes(DIGEST_BYTES)
        self._by_mac: dict[bytes, Entry] = {}
        self._by_certificate: dict[str, Principal] = {}
        for entry in entries:
            if entry.digest is not None:
                user = None if entry.user is None else entry.user.encode()
                self._by_mac[self._mac(user, entry.digest)] = entry
            if entry.certificate is not None:
                self._by_certificate[entry.certificate] = entry.principal

    def find(self, credential: Credential) -> Principal | None:
        """Return whose key it is; None when it is nobody's."""
        digest = digest_of(credential.secret)
        own = self._look(credential.user, digest) if credential.user is not None else None
        plain = self._look(None, digest)
        if own is not None:
            return own.principal
        if plain is None or credential.user not in {None, b"", API_USER, plain.principal.name.encode()}:
            return None
        return plain.principal

    def certified(self, names: Sequence[str]) -> Principal | None:
        """Return whom a verified client certificate with these names belongs to."""
        return next((self._by_certificate[name] for name in names if name in self._by_certificate), None)

    def _look(self, user: bytes | None, digest: bytes) -> Entry | None:
        entry = self._by_mac.get(self._mac(user, digest))
        known = b"" if entry is None or entry.digest is None else entry.digest
        return entry if hmac.compare_digest(known, digest) else None

    def _mac(self, user: bytes | None, digest: bytes) -> bytes:
        said = digest if user is None else digest + user
        return hashlib.blake2b(said, key=self._secret, digest_size=DIGEST_BYTES).digest()
