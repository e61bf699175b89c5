"""One request to a destination, and its answer read within bounds."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

import aiohttp
from msgspec import Struct

from otel_bridge.exporter.verdict import Again
from otel_bridge.http.session import read_at_most, why_unreached

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_SECONDS: Final = 10.0
MAX_ANSWER_BYTES: Final = 8 << 20
"""An answer to 2 x 31 MiB of the smallest items is smaller; more than this is not the API's."""


class Answer(Struct, frozen=True):
    """What a destination said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class LastAnswer(Struct, frozen=True):
    """The last attempt: when (seconds since the epoch), its status, and why there was none.

    `ahead` is how many seconds the destination's clock is ahead of ours, by its `Date`; None where it sent
    none.
    """

    at: float
    status: int | None
    why: str = ""
    ahead: float | None = None


class Post:
    """Sends requests with one limit on how long each may take."""

    def __init__(self, session: aiohttp.ClientSession, seconds: float) -> None:
        self.session: Final = session
        self._seconds = seconds
        self.last: LastAnswer | None = None
        self._timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=min(CONNECT_SECONDS, seconds))

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer | Again:
        """Send one request; raise nothing. Without an answer to read, say to try again, and why."""
        answer = await self._send(url, body, headers)
        if isinstance(answer, Again):
            self.last = LastAnswer(time.time(), answer.status, answer.reason)
        else:
            self.last = LastAnswer(time.time(), answer.status, ahead=ahead(answer.headers.get("Date")))
        return answer

    async def _send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer | Again:
        try:
            async with self.session.post(
                url, data=body, headers=headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                answer = await read_at_most(response, MAX_ANSWER_BYTES)
                if answer is None:
                    return Again("the answer is too long", response.status)
                return Answer(response.status, response.headers, answer)
        except TimeoutError:
            return Again(f"no answer within {self._seconds:g} s")
        except aiohttp.ClientConnectorError as error:
            return Again(f"cannot connect: {why_unreached(error)}", unreachable=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Again(f"the connection broke: {why_unreached(error)}")


def ahead(date: str | None) -> float | None:
    """Return how many seconds a server's clock is ahead, by a `Date` of this moment (RFC 9110 §6.6.1).

    A `Date` is whole seconds, rounded down: half a second is added. None for what is no date.
    """
    try:
        return None if date is None else parsedate_to_datetime(date).timestamp() + 0.5 - time.time()
    except ValueError:
        return None
