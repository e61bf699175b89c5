"""Which addresses are free to listen on, and who has the others (proc(5), where there is one)."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_bridge.commands.doctor.report import Report
    from otel_bridge.config import BridgeConfig
    from otel_bridge.parsers import Endpoint

SECTION: Final = "Bridge"
LISTENS: Final = "0A"
DOORS: Final = ("otlp_http", "otlp_grpc", "api", "admin", "metrics")


def look(config: BridgeConfig, report: Report) -> None:
    """Try the addresses of a bridge that does not run."""
    free = []
    for name in DOORS:
        endpoint = getattr(config, name)
        if endpoint is None or not endpoint.port:
            continue
        trouble = _trouble(endpoint)
        flag = "--" + name.replace("_", "-")
        address = f"{endpoint.host}:{endpoint.port}"
        if trouble is None:
            free.append(address)
            continue
        holder = owner(endpoint.port) if trouble == errno.EADDRINUSE else None
        by = f" by process {holder[0]} ({holder[1]})" if holder is not None else ""
        why = f"is taken{by}" if trouble == errno.EADDRINUSE else os.strerror(trouble)
        report.found("port.taken", f"{flag} {address} {why}", flag=flag)
    if free:
        report.fine(SECTION, f"free to listen on: {', '.join(free)}")


def _trouble(endpoint: Endpoint) -> int | None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            endpoint.host, endpoint.port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        return error.errno or errno.EADDRNOTAVAIL
    return None


def owner(port: int, root: Path = Path("/proc")) -> tuple[int, str] | None:
    """Return the process that listens on a port, and its name; None where that cannot be known."""
    inodes = set(_listening(port, root))
    processes = [each for each in root.iterdir() if each.name.isdecimal()] if inodes else []
    found = next((each for each in processes if _has(each, inodes)), None)
    if found is None:
        return None
    try:
        return int(found.name), (found / "comm").read_text(encoding="utf-8").strip()
    except OSError:
        return None


def _listening(port: int, root: Path) -> Iterator[str]:
    """Yield the inodes of sockets that listen on a port."""
    for name in ("tcp", "tcp6"):
        lines: list[str] = []
        with suppress(OSError):
            lines = (root / "net" / name).read_text(encoding="ascii").splitlines()[1:]
        for fields in map(str.split, lines):
            if fields[3] == LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _has(process: Path, inodes: set[str]) -> bool:
    with suppress(OSError):  # of somebody else, or ended meanwhile
        for file in (process / "fd").iterdir():
            target = str(file.readlink())
            if target.startswith("socket:[") and target[8:-1] in inodes:
                return True
    return False
