"""Requests to model servers and remote scorers: bounded, not redirected, and told of without keys."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import aiohttp
import orjson
from msgspec import Struct

from otel_bridge.http.session import open_session, read_at_most, why_unreached
from otel_bridge.scorer.base import ScorerFailed
from otel_bridge.scorer.places import Places
from otel_bridge.scorer.quoting import answered

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping

    from otel_bridge.scorer.judge.asking import Adaptation
    from otel_bridge.scorer.places import Token
    from otel_bridge.scorer.settings import ScoringSettings

HIDDEN: Final = "***"
CONNECT_SECONDS: Final = 10.0
MAX_TOKEN_BYTES: Final = 1 << 20
TOKEN_MARGIN_SECONDS: Final = 30.0
"""Before its end a token is asked for anew."""
TOKEN_SECONDS: Final = 300.0
"""How long a token is used whose server does not say how long it lasts."""


class Unreached(Exception):
    """No whole answer came; the message says why, without keys."""


class Reply(Struct, frozen=True):
    """An answer: `body` has no keys in it, `headers` have small names."""

    status: int
    headers: dict[str, str]
    body: bytes


class Outgoing:
    """What judges and remote scorers of one worker ask with."""

    def __init__(self, session: aiohttp.ClientSession, places: Places) -> None:
        self.places: Final = places
        self.adapted: Final[dict[tuple[str, str], frozenset[Adaptation]]] = {}
        """How a model, by URL and name, wants to be asked."""
        self._session = session
        self._keys = places.keys
        self._tokens: dict[Token, tuple[float, str]] = {}

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float, max_bytes: int
    ) -> Reply:
        """Send a request once and read its answer.

        Raises Unreached when none came in time, and ScorerFailed when it is longer than `max_bytes`.
        """
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=min(CONNECT_SECONDS, seconds))
        sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
        sent["Accept-Encoding"] = "identity"  # what is bounded are the bytes that come
        try:
            async with self._session.post(
                url, data=body, headers=sent, timeout=timeout, allow_redirects=False
            ) as response:
                answer = await read_at_most(response, max_bytes)
                if answer is None:
                    raise ScorerFailed(f"the answer is larger than {max_bytes} bytes")
                told = {name.lower(): value for name, value in response.headers.items()}
                return Reply(response.status, told, self._hidden_in(answer))
        except TimeoutError as error:
            raise Unreached(f"no answer within {seconds:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreached(self.hide(why_unreached(error))) from error

    async def token(self, token: Token, *, seconds: float) -> str:
        """Return a bearer token, asked for when none is known that lasts; raise ScorerFailed or Unreached."""
        now = asyncio.get_running_loop().time()
        known = self._tokens.get(token)
        if known is not None and known[0] > now:
            return known[1]
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(token.form).encode()
        reply = await self.post(token.url, body, headers, seconds=seconds, max_bytes=MAX_TOKEN_BYTES)
        if reply.status != HTTPStatus.OK:
            raise ScorerFailed(f"the token endpoint answered {answered(reply.status, reply.body)}")
        lasts, value = _token(reply.body)
        self._tokens[token] = (now + max(0.0, lasts - TOKEN_MARGIN_SECONDS), value)
        return value

    def forget(self, token: Token) -> None:
        """Ask for another token next time: this one was refused."""
        self._tokens.pop(token, None)

    def hide(self, text: str) -> str:
        """Return a text without the keys in it."""
        for key in self._known:
            text = text.replace(key, HIDDEN)
        return text

    def _hidden_in(self, body: bytes) -> bytes:
        for key in self._known:
            body = body.replace(key.encode(), HIDDEN.encode())
        return body

    @property
    def _known(self) -> Iterator[str]:
        return chain(self._keys, (value for _, value in self._tokens.values()))


@asynccontextmanager
async def open_outgoing(settings: ScoringSettings, environ: Mapping[str, str]) -> AsyncGenerator[Outgoing]:
    """Lend what judges and remote scorers ask with; raise Unusable when the settings name a bad address."""
    places = Places(settings, environ)
    async with open_session() as session:
        yield Outgoing(session, places)


def _token(body: bytes) -> tuple[float, str]:
    """Read the answer of a token endpoint (RFC 6749 §5.1): how long the token lasts, and the token."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ScorerFailed("the token endpoint did not answer with JSON") from error
    value = document.get("access_token") if isinstance(document, dict) else None
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise ScorerFailed("the answer of the token endpoint has no access_token")
    lasts = document.get("expires_in")
    return float(lasts) if isinstance(lasts, int | float) else TOKEN_SECONDS, value
