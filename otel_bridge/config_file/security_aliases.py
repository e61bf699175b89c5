"""What `--auth-file`, `--rate-limit`, `--tls-…` and `--cors-origins` say of every listener."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.config_file.registry import AUTHENTICATORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from otel_bridge.config_file.aliases import Keys, Overlay

KEYS: Final = "key_auth"
GRPC: Final = "grpc"


def _listeners(overlay: Overlay) -> Iterator[Keys]:
    """Yield where each listener of OTLP and of the API is described."""
    for name in overlay.used("receivers", "otlp"):
        protocols = ("receivers", name, "protocols")
        yield from ((*protocols, one) for one in overlay.members(protocols))
    yield from (("receivers", name) for name in overlay.used("receivers", "weave_api"))


def _auth_file(overlay: Overlay, path: str) -> None:
    """Let every listener ask for the keys of a file."""
    if KEYS not in overlay.used("extensions", KEYS):
        overlay.add("extensions", KEYS)
    if "tokens" in overlay.members(("extensions", KEYS)):
        overlay.remove(("extensions", KEYS), "tokens")
    overlay.put(("extensions", KEYS, "tokens_file"), path)
    for place in _listeners(overlay):
        overlay.put((*place, "auth", "authenticator"), KEYS)


def _rate_limit(overlay: Overlay, rate: str) -> None:
    names = [name for one in AUTHENTICATORS for name in overlay.used("extensions", one)]
    if not names:
        overlay.problem("it counts the requests of each key: --auth-file FILE gives keys")
    for name in names:
        overlay.put(("extensions", name, "rate_limit"), rate)


def _tls(key: str) -> Callable[[Overlay, str], None]:
    def say(overlay: Overlay, path: str) -> None:
        for place in _listeners(overlay):
            overlay.put((*place, "tls", key), path)

    return say


def _cors_origins(overlay: Overlay, text: str) -> None:
    """Let pages of these origins in, with whatever headers they like."""
    origins = [one.strip() for one in text.split(",") if one.strip()]
    for place in _listeners(overlay):
        if place[-1] == GRPC:
            continue
        overlay.put((*place, "cors", "allowed_origins"), origins)
        if not overlay.is_written_in_a_file((*place, "cors", "allowed_headers")):
            overlay.put((*place, "cors", "allowed_headers"), ["*"])


OF_LISTENERS: Final[Mapping[str, Callable[[Overlay, str], None]]] = {
    "auth_file": _auth_file,
    "rate_limit": _rate_limit,
    "tls_cert": _tls("cert_file"),
    "tls_key": _tls("key_file"),
    "tls_client_ca": _tls("client_ca_file"),
    "cors_origins": _cors_origins,
}
"""Option → what it does."""
