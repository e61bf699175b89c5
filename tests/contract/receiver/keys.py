"""Doors with keys, certificates and CORS before the receivers."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

from otel_bridge.auth.access import Access, Authenticator
from otel_bridge.auth.credentials import Scheme
from otel_bridge.auth.keys_file import read_keys
from otel_bridge.auth.rate import RateLimiter
from otel_bridge.auth.settings import Cors, Tls
from otel_bridge.auth.tls import Certificates
from otel_bridge.http.door import Door

if TYPE_CHECKING:
    from pathlib import Path

    import trustme

KEYS = """
- {name: all, key: all-key, rights: [ingest, read]}
- {name: acme, key: acme-key, rights: [ingest], projects: [acme/*, local/*]}
- {name: reader, key: read-key, rights: [read]}
- {name: once, key: once-key, rights: [ingest], rate_limit: 0.000001}
- {name: machine, certificate: machine.example, rights: [ingest], projects: [acme/*]}
"""
BEARER = {"authorization": "Bearer all-key"}


def basic(key: str, user: str = "api") -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{key}".encode()).decode()}


WAYS = {
    "bearer": BEARER,
    "basic": basic("all-key"),
    "wandb-api-key": {"wandb-api-key": "all-key"},
    "x-api-key": {"x-api-key": "all-key"},
    "percent escapes": {"authorization": "Bearer%20all-key"},
}


def keyed(
    *schemes: Scheme,
    cors: Cors | None = None,
    certificates: Certificates | None = None,
    certificates_allowed: bool = False,
) -> Door:
    """A door that opens with `KEYS`."""
    ring = read_keys(KEYS)
    one = Authenticator(lambda: ring, frozenset(schemes or Scheme), certificates_allowed)
    clock = asyncio.get_running_loop().time
    return Door(Access([one], RateLimiter(clock), lambda _: None), certificates, cors)


def issue(ca: trustme.CA, directory: Path, *names: str) -> tuple[Path, Path]:
    """Write a certificate and its key; return where."""
    made = ca.issue_cert(*names, common_name=names[0])
    chain, key = directory / "cert.pem", directory / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
    key.write_bytes(made.private_key_pem.bytes())
    return chain, key


async def certificates_of(ca: trustme.CA, directory: Path, **settings: Any) -> Certificates:
    """The certificates of a listener at localhost."""
    chain, key = issue(ca, directory, "localhost", "127.0.0.1")
    return await asyncio.to_thread(Certificates, Tls(cert_file=chain, key_file=key, **settings))
