"""TLS for listeners: certificates that are taken up without a restart.

New handshakes use what the files hold now; connections that are open stay as they are.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from otel_bridge.auth.watching import Watched

if TYPE_CHECKING:
    from otel_bridge.auth.settings import Tls

ALPN: Final = ["http/1.1"]
_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Material(Struct, frozen=True):
    """What the files hold, as PEM, and the context made of it; without `client_ca` clients are not asked."""

    certificate: bytes
    key: bytes
    client_ca: bytes | None
    context: ssl.SSLContext


class Certificates:
    """The certificates of a listener. Raise StartError for files that cannot be used."""

    def __init__(self, settings: Tls) -> None:
        self._settings = settings
        paths = [settings.cert_file, settings.key_file]
        if settings.client_ca_file is not None:
            paths.append(settings.client_ca_file)
        self.min_version: Final = settings.min_version
        self.files: Final = Watched(
            paths, self._made, what="TLS certificate", seconds=settings.reload_interval.total_seconds()
        )
        self.asks_clients: Final = settings.client_ca_file is not None
        self._successor: Certificates | None = None
        self.context: Final = self._listening()

    @property
    def material(self) -> Material:
        """What the files hold now, or those of whoever took its place."""
        return self.files.value if self._successor is None else self._successor.material

    def give_way(self, successor: Certificates) -> None:
        """Let handshakes of a listener that began with these go on with those of a successor."""
        self._successor = successor

    def _made(self, certificate: bytes, key: bytes, client_ca: bytes | None = None) -> Material:
        return Material(certificate, key, client_ca, _context(self._settings, client_ca))

    def _listening(self) -> ssl.SSLContext:
        """Return a context for a listener: each handshake goes on with the newest one."""

        def newest(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = self.material.context

        context = _context(self._settings, self.material.client_ca)
        context.sni_callback = newest
        return context


def _context(settings: Tls, client_ca: bytes | None) -> ssl.SSLContext:
    """Make a context of the files. Were they replaced since they were read, the next look finds that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[settings.min_version]
    context.set_alpn_protocols(ALPN)
    try:
        context.load_cert_chain(settings.cert_file, settings.key_file, password=lambda: "")
    except ssl.SSLError as error:
        mismatch = error.reason == "KEY_VALUES_MISMATCH"
        why = "the key is not the certificate's" if mismatch else "these are no PEM files of a pair"
        raise ValueError(f"{why}: a certificate chain and its private key, without a password") from None
    if client_ca is not None:
        try:
            context.load_verify_locations(cadata=client_ca.decode("ascii"))
        except (ssl.SSLError, UnicodeDecodeError):
            raise ValueError("the client CA is no PEM of certificates") from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def names_of(certificate: Any) -> tuple[str, ...]:
    """Return the names in what `ssl.SSLSocket.getpeercert` gives, the alternative ones first."""
    alternatives = [value for _, value in certificate.get("subjectAltName", ()) if isinstance(value, str)]
    common = [
        value for part in certificate.get("subject", ()) for name, value in part if name == "commonName"
    ]
    return tuple(dict.fromkeys([*alternatives, *common]))
