"""Connections to the gRPC port that spoke something else, as the Linux kernel tells of them.

grpcio closes such a connection without a word to anybody, and a look at the first bytes in front of it would
cost every request. But the kernel announces each TCP connection that ends, with its byte counts
(`sock_diag(7)`, for any user): one that sent us bytes and got back no more than what the server says to all
who connect has never spoken HTTP/2. Elsewhere than on Linux nothing is watched.
"""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
import sys
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from otel_bridge.http.listener import Bound

_NETLINK_SOCK_DIAG: Final = 4
_TCP_DESTROYED: Final = 0b101
"""The groups of IPv4 and IPv6."""

_SO_ATTACH_FILTER: Final = 26
_PORT_AT: Final = 20
"""Where the local port is in a message: behind `nlmsghdr` and the first word of `inet_diag_msg`."""

_PEER_AT: Final = 40
_ATTRIBUTES_AT: Final = 16 + 72
_TCP_INFO: Final = 2
_RECEIVED_AT: Final = 128
_SENT_AT: Final = 200
_ENOUGH_INFO: Final = _SENT_AT + 8
_FIN_BYTES: Final = 1
"""The end of a connection counts as one byte received."""


class Ended(Struct, frozen=True):
    """A TCP connection of ours that has ended."""

    client: str
    received_bytes: int
    sent_bytes: int


@asynccontextmanager
async def watch_knocks(bound: Bound, stranger: Callable[[str], None]) -> AsyncGenerator[None]:
    """Call `stranger(client)` for each connection to `bound` that did not speak HTTP/2.

    A knock of our own comes first: it shows what the server says to one who says nothing.
    """
    kernel = _listen(bound.port)
    if kernel is None:
        yield
        return
    loop = asyncio.get_running_loop()
    greeting = 0

    def hear() -> None:
        nonlocal greeting
        for ended in _ended(kernel):
            if ended.received_bytes <= _FIN_BYTES:
                greeting = max(greeting, ended.sent_bytes)
            elif ended.sent_bytes <= greeting:
                stranger(ended.client)

    with kernel:
        loop.add_reader(kernel, hear)
        try:
            await _knock(bound)
            yield
        finally:
            loop.remove_reader(kernel)


async def _knock(bound: Bound) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound.host, bound.host)  # noqa: S104 - to connect to
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection(host, bound.port)
            try:
                await reader.read(1)
            finally:
                writer.close()
            await writer.wait_closed()


def _listen(port: int) -> socket.socket | None:
    """Open a socket on which the kernel tells of connections to this port alone."""
    if sys.platform != "linux":
        return None
    steps = ((0x28, 0, 0, _PORT_AT), (0x15, 0, 1, port), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0))
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    try:
        kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
        kernel.setblocking(False)
        filtered = struct.pack("HP", len(steps), ctypes.addressof(program))
        kernel.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filtered)
        kernel.bind((0, _TCP_DESTROYED))
    except OSError:  # a sandbox without netlink: then nobody is told
        return None
    return kernel


def _ended(kernel: socket.socket) -> Iterator[Ended]:
    with suppress(OSError):  # nothing more to read now; or messages were lost, which is no harm
        while True:
            ended = parse(kernel.recv(8192))
            if ended is not None:
                yield ended


def parse(message: bytes) -> Ended | None:
    """Read one `inet_diag_msg` with its `tcp_info`; None when it holds none that is new enough."""
    at, size = _ATTRIBUTES_AT, len(message)
    while at + 4 <= size:
        length, kind = struct.unpack_from("=HH", message, at)
        if kind == _TCP_INFO and length >= 4 + _ENOUGH_INFO:
            (received,) = struct.unpack_from("=Q", message, at + 4 + _RECEIVED_AT)
            (sent,) = struct.unpack_from("=Q", message, at + 4 + _SENT_AT)
            return Ended(_peer(message), received, sent)
        at += max(length + 3 & ~3, 4)
    return None


def _peer(message: bytes) -> str:
    is_v4 = message[16] == socket.AF_INET
    address = ip_address(message[_PEER_AT : _PEER_AT + (4 if is_v4 else 16)])
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address)
