"""What guards the listeners: their authenticators looked up, and that none is open to others by mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from otel_bridge.auth.settings import Security
from otel_bridge.config import EXPOSED
from otel_bridge.config_file.exporters import StoreExporter
from otel_bridge.config_file.nodes import found
from otel_bridge.config_file.problems import spelled
from otel_bridge.config_file.registry import AUTHENTICATORS, type_of
from otel_bridge.config_file.schema import ApiAuth
from otel_bridge.spelling import did_you_mean

if TYPE_CHECKING:
    from otel_bridge.auth.authenticators import Auth
    from otel_bridge.auth.settings import Cors, Tls
    from otel_bridge.config import BridgeConfig
    from otel_bridge.config_file.document import Document
    from otel_bridge.config_file.problems import Place
    from otel_bridge.config_file.schema import ListenerAuth
    from otel_bridge.config_file.using import Used

CERTIFICATES: Final = "certificate_auth"
PLACES: Final = {
    "otlp_http": ("otlp", ("protocols", "http", "endpoint")),
    "otlp_grpc": ("otlp", ("protocols", "grpc", "endpoint")),
    "api": ("weave_api", ("endpoint",)),
}
"""Listener → the type of its receiver, and the key in there that says where it listens."""


def security_of(
    used: Used, place: Place, auth: ListenerAuth | None, tls: Tls | None, cors: Cors | None = None
) -> Security:
    """Return what guards the listener at a place; what does not fit together is noted."""
    names = () if auth is None else auth.names
    authenticators = []
    for at, name in enumerate(names):
        where = (*place, "auth", "authenticator")
        own = (*where, at) if used.document.has((*where, at)) else where
        authenticator = _authenticator(used, name, own)
        if authenticator is not None:
            authenticators.append(authenticator)
        if type_of(name) == CERTIFICATES and (tls is None or tls.client_ca_file is None):
            used.document.problem(own, f"{spelled(own)}: {name} needs tls with client_ca_file beside auth")
    return Security(tuple(authenticators), tls, cors, _passthrough(used, place, auth))


def _passthrough(used: Used, place: Place, auth: ListenerAuth | None) -> bool:
    """Return whether keys go on to the upstream; note where there is none to take them."""
    wanted = isinstance(auth, ApiAuth) and auth.passthrough
    if wanted and used.all(StoreExporter, "exporters"):
        where = (*place, "auth", "passthrough")
        used.document.problem(where, f"{spelled(where)}: the store answers here, and no upstream")
    return wanted


def _authenticator(used: Used, name: str, where: Place) -> Auth | None:
    """Return the authenticator that a listener names, None for what is none, which is noted."""
    document = used.document
    if type_of(name) not in AUTHENTICATORS:
        known = [one for one in document.defined("extensions") if type_of(one) in AUTHENTICATORS]
        hint = did_you_mean(name, known or AUTHENTICATORS)
        document.problem(where, f"{spelled(where)}: there is no authenticator {name}{hint}")
    elif name not in document.defined("extensions"):
        hint = did_you_mean(name, document.defined("extensions"))
        document.problem(where, f"{spelled(where)}: {name} is not defined{hint}")
    elif not used.names("extensions", name):
        document.problem(where, f"{spelled(where)}: {name} is not in service.extensions")
    return cast("Auth | None", used.named("extensions", name))


def check_exposed(config: BridgeConfig, document: Document) -> None:
    """Note listeners that other machines may reach and that ask nobody who they are."""
    if config.allow_unauthenticated:
        return
    for listener in config.exposed:
        wanted, keys = PLACES[listener]
        names = [name for name in document.defined("receivers") if type_of(name) == wanted]
        places = [("receivers", name, *keys) for name in names]
        written = [place for place in places if found(document.tree, place) is not None] or places
        text = f"{spelled(written[0])}: {getattr(config, listener)}: {EXPOSED}"
        document.problem(written[0], text)
