"""Which names and addresses are this machine's. Imports no server: commands ask too."""

from __future__ import annotations

import socket
from ipaddress import IPv6Address, ip_address

from otel_bridge.http.loopback import is_loopback


def names_this_host(host: str) -> bool:
    """Tell whether a name or an address is one of this machine's, without asking anybody."""
    name = host.strip("[]").rstrip(".").lower()
    if is_loopback(name):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        own = socket.gethostname().lower()
        return name in {own, own.partition(".")[0]}
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    return address.is_unspecified or _is_local(name, family)


def leads_to_this_host(host: str) -> bool:
    """Tell whether a name is resolved to an address of this machine. Blocks; a name nobody knows does not."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return False
    return any(names_this_host(str(address[0])) for *_, address in found)


def _is_local(address: str, family: int) -> bool:
    """Tell whether an interface has this address: only then can a socket be bound to it."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
