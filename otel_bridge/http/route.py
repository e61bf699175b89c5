"""One endpoint: where it is, what answers it, and what a reader is told of it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import web

from otel_bridge.auth.principal import Need

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from aiohttp.typedefs import Handler

JSON: Final = "application/json"


class Kind(StrEnum):
    """How an endpoint works, and so which refusals are to be expected of it."""

    ASK = "ask"
    """A body is a question to the store."""
    WRITE = "write"
    """A body is kept."""
    SAY = "say"
    """There is no body, and nothing is asked of the store."""
    PROBE = "probe"
    """As SAY, but it may be 503."""
    OTLP = "otlp"
    """An export; errors are a `google.rpc.Status`."""


NEEDS: Final = {
    Kind.ASK: Need.READ,
    Kind.WRITE: Need.INGEST,
    Kind.OTLP: Need.INGEST,
    Kind.SAY: Need.NOTHING,
    Kind.PROBE: Need.NOTHING,
}
"""What an endpoint asks of who calls it, where its row does not say."""


class About(NamedTuple):
    """What a reader is told of an endpoint (`GET /openapi.json`).

    `body` and `answer` name models of `api.openapi.models`, which is imported only when somebody reads;
    `answer` None is an answer that is not JSON. `takes` and `gives` are the media types of the two.
    `refuses` are statuses beside those of its kind. `more` is a sentence or two on top of `summary`.
    `parts` are examples of what varies in the path, by name. `query` names the model of the URL's query,
    `headers` are those of the answer that matter, each with what it says.
    """

    tag: str
    summary: str
    body: str | None = None
    answer: str | None = None
    more: str = ""
    takes: tuple[str, ...] = (JSON,)
    gives: tuple[str, ...] = (JSON,)
    refuses: tuple[int, ...] = ()
    deprecated: bool = False
    query: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    parts: tuple[tuple[str, str], ...] = ()


class Route(NamedTuple):
    """One endpoint. `also` are other paths that lead to the same place; `needs` None goes by the kind."""

    method: str
    path: str
    handler: Handler
    about: About
    kind: Kind = Kind.SAY
    also: tuple[str, ...] = ()
    expect: Callable[[web.Request], Awaitable[web.StreamResponse | None]] | None = None
    needs: Need | None = None

    @property
    def need(self) -> Need:
        """What it asks of who calls it."""
        return NEEDS[self.kind] if self.needs is None else self.needs

    def definitions(self, mount: str = "") -> Iterator[web.RouteDef]:
        """Yield what aiohttp's router takes, below `mount`."""
        method = "*" if self.kind is Kind.OTLP else self.method  # OTLP has its own words for a wrong method
        for path in (self.path, *self.also):
            yield web.route(method, mount + path, self.handler, expect_handler=self.expect)
