"""What the handlers of the API share, found in the application by one key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import web

from otel_bridge.http.body import BodyLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.api.base import Calls
    from otel_bridge.api.scoring.desk import ScoringDesk
    from otel_bridge.auth.principal import Principal
    from otel_bridge.http.budget import ByteBudget
    from otel_bridge.http.inflate import Inflater
    from otel_bridge.telemetry import Telemetry

MAX_WRITE_BYTES: Final = 32 * 1024 * 1024
"""Weave's limit, on the wire and inflated; its SDK splits at 31 MiB (`contract/weave-api.md` §1.1)."""

MAX_QUERY_BYTES: Final = 4 * 1024 * 1024
"""Nine filter lists of 1,000 long refs fit; parsing more on the event loop would keep others waiting."""

WRITE_LIMITS: Final = BodyLimits(max_bytes=MAX_WRITE_BYTES)
QUERY_LIMITS: Final = BodyLimits(max_bytes=MAX_QUERY_BYTES)


class Parts(NamedTuple):
    """What the handlers work with. `clock` gives microseconds since the Unix epoch.

    `scoring` is there where calls are kept. `principal` is whoever asks, where that one may see some projects
    only; `calls` are then those of these projects.
    """

    calls: Calls
    telemetry: Telemetry
    inflater: Inflater
    budget: ByteBudget
    clock: Callable[[], int]
    default_entity: str
    scoring: ScoringDesk | None = None
    principal: Principal | None = None


PARTS: Final = web.AppKey("parts", Parts)
