"""The HTTP client of the bridge."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import aiohttp

from otel_bridge import __version__

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from ssl import SSLContext

USER_AGENT: Final = f"otel-bridge/{__version__}"


@asynccontextmanager
async def open_session(
    *, decompress: bool = False, tls: SSLContext | None = None
) -> AsyncGenerator[aiohttp.ClientSession]:
    """Lend an HTTP client without cookies or a limit of its own; answers stay compressed as they came.

    `tls` says whom to trust, None: the system's authorities.
    """
    connector = aiohttp.TCPConnector(limit=0, ssl=True if tls is None else tls)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT},
        auto_decompress=decompress,
    ) as session:
        yield session
    await asyncio.sleep(0)  # let the connections of the session close


async def read_at_most(response: aiohttp.ClientResponse, max_bytes: int) -> bytes | None:
    """Read an answer; None, and the connection closed, when it is longer."""
    pieces: list[bytes] = []
    size = 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > max_bytes:
            response.close()
            return None
        pieces.append(piece)
    return b"".join(pieces)


def why_unreached(error: BaseException) -> str:
    """Say why no answer came, as the system or the client library puts it."""
    os_error = getattr(error, "os_error", error)
    return getattr(os_error, "strerror", None) or str(error) or type(error).__name__
