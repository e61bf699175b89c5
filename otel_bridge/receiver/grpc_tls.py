"""TLS of the gRPC listener: new handshakes get the newest certificate, open connections stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import grpc

from otel_bridge.errors import StartError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.auth.tls import Certificates, Material

OLDEST: Final = "1.2"
"""What gRPC's own TLS starts with; it takes no other setting."""

_NAMES: Final = ("x509_subject_alternative_name", "x509_common_name")


def grpc_credentials(certificates: Certificates) -> Any:
    """Return credentials for a port; raise StartError for a version of TLS that gRPC cannot insist on."""
    if certificates.min_version != OLDEST:
        raise StartError("gRPC cannot be kept from TLS 1.2: leave out min_version, or the gRPC listener")
    served = certificates.material

    def newest() -> Any:
        """Say what new handshakes use, if that has changed. gRPC asks from threads of its own."""
        nonlocal served
        current = certificates.material
        if current is served:
            return None
        served = current
        return _configuration(current)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(served), newest, require_client_authentication=certificates.asks_clients
    )


def certificate_names(context: Any) -> Sequence[str] | None:
    """Return the names in the verified certificate of a call's client, None without one."""
    found = context.auth_context()
    if "x509_common_name" not in found and "x509_subject_alternative_name" not in found:
        return () if "x509_pem_cert" in found else None
    names = [raw.decode(errors="replace") for key in _NAMES for raw in found.get(key, ())]
    return tuple(dict.fromkeys(names))


def _configuration(material: Material) -> Any:
    return grpc.ssl_server_certificate_configuration(
        [(material.key, material.certificate)], root_certificates=material.client_ca
    )
