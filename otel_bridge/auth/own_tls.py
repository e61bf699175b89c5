"""How our commands and exporters meet a server behind TLS: whom they trust, the certificate they show."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, Final

from otel_bridge.errors import StartError

if TYPE_CHECKING:
    from collections.abc import Mapping

CA_FILE: Final = "OTEL_BRIDGE_CA_FILE"
CERT_FILE: Final = "OTEL_BRIDGE_CLIENT_CERT_FILE"
KEY_FILE: Final = "OTEL_BRIDGE_CLIENT_KEY_FILE"


def own_context(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Return a context that trusts the CA of the environment, else the system's, and shows a certificate.

    Raise StartError for files that cannot be used.
    """
    names = (CA_FILE, CERT_FILE, KEY_FILE)
    ca, cert, key = (environ.get(name) or None for name in names)
    if key is not None and cert is None:
        raise StartError(f"{KEY_FILE} is set, and {CERT_FILE} is not")
    return context_of(ca, cert, key, names=names)


def context_of(
    ca: str | None, cert: str | None, key: str | None, *, names: tuple[str, str, str]
) -> ssl.SSLContext:
    """Return a context that trusts a CA, else the system's, and shows a certificate, if there is one.

    Raise StartError, with the names of what was set, for files that cannot be used. Reads them: it blocks.
    """
    ca_name, *cert_names = names
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise StartError(f"{ca_name}: {_why(error, 'no certificates (PEM)')}") from None
    if cert is not None:
        try:
            context.load_cert_chain(cert, key, password=lambda: "")
        except (OSError, ssl.SSLError) as error:
            wrong = "no certificate with its key (PEM), without a password"
            raise StartError(f"{', '.join(cert_names)}: {_why(error, wrong)}") from None
    return context


def shows_certificate(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether a certificate says who we are."""
    return bool(environ.get(CERT_FILE))


def _why(error: OSError, otherwise: str) -> str:
    return otherwise if isinstance(error, ssl.SSLError) else error.strerror or otherwise
