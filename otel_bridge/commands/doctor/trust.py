"""Which certificates the doctor trusts and shows: those of `auth.own_tls`, and the bridge's own."""

from __future__ import annotations

import os
import ssl
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from otel_bridge.auth.own_tls import CA_FILE, CERT_FILE, KEY_FILE, own_context
from otel_bridge.http.loopback import is_loopback

if TYPE_CHECKING:
    from otel_bridge.config import BridgeConfig


def context_for(config: BridgeConfig, host: str) -> ssl.SSLContext:
    """Return how the certificate of a host is checked; on this machine not whether it has the address.

    Raise StartError for files of the environment that cannot be used.
    """
    context = own_context()
    if not is_loopback(host):
        return context
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for security in (config.api_security, config.otlp_http_security):
        if security.tls is not None:
            with suppress(OSError):  # not readable for us: the others have to do
                context.load_verify_locations(security.tls.cert_file)
    return context


def grpc_credentials(config: BridgeConfig) -> grpc.ChannelCredentials | None:
    """Return the same for the gRPC listener; None where it speaks no TLS."""
    tls = config.otlp_grpc_security.tls
    if tls is None:
        return None
    ca, cert, key = (os.environ.get(name) for name in (CA_FILE, CERT_FILE, KEY_FILE))
    return grpc.ssl_channel_credentials(_read(ca or tls.cert_file), _read(key or cert), _read(cert))


def _read(path: str | Path | None) -> bytes | None:
    with suppress(OSError):
        return None if path is None else Path(path).read_bytes()
    return None
