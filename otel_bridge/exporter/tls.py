"""TLS towards a destination that the system's authorities do not vouch for, or that asks who we are."""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol

from otel_bridge.exporter.settings import TlsSettings

_NOTHING = TlsSettings()


class Secured(Protocol):
    """Settings of what sends something: `name` is said where its `tls` cannot be used."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def tls(self) -> TlsSettings:
        """Whom it trusts, and what it shows."""


async def tls_of(settings: Secured) -> ssl.SSLContext | None:
    """Return how an exporter meets its destination, None: like anybody. Raise StartError."""
    return None if settings.tls == _NOTHING else await asyncio.to_thread(_context, settings)


def _context(settings: Secured) -> ssl.SSLContext:
    from otel_bridge.auth.own_tls import context_of  # noqa: PLC0415 - for those who need it

    tls, place = settings.tls, f"exporter {settings.name}: tls"
    names = (f"{place}.ca_file", f"{place}.cert_file", "key_file")
    context = context_of(tls.ca_file, tls.cert_file, tls.key_file, names=names)
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
