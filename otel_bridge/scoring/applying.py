"""Which scorer is applied how: in runners that all share, in runners of its own, or over HTTP."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from otel_bridge.scorer import checking
from otel_bridge.scorer.places import Places
from otel_bridge.scoring import judging, remoting
from otel_bridge.scoring.outgoing import open_outgoing
from otel_bridge.scoring.performing import InRunner, OverHttp
from otel_bridge.scoring.pools import open_pools
from otel_bridge.scoring.reading import Wants

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from otel_bridge.scorer.settings import ScoringSettings
    from otel_bridge.scorer.spec import Spec
    from otel_bridge.scoring.lane import Performer
    from otel_bridge.scoring.outgoing import Outgoing
    from otel_bridge.scoring.performing import Score
    from otel_bridge.scoring.pools import Pools
    from otel_bridge.scoring.reading import CallReader

PYTHON: Final = "python"
OVER_HTTP: Final[Mapping[str, Score]] = {"llm_judge": judging.score, "remote": remoting.score}


class Appliers:
    """Opens a performer for each scorer."""

    def __init__(
        self, settings: ScoringSettings, reader: CallReader, pools: Pools, outgoing: Outgoing
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._pools = pools
        self._outgoing = outgoing
        self._places = Places(settings, os.environ)

    def check(self, spec: Spec) -> None:
        """Raise Unusable for a scorer that cannot run, or may not run here. Blocks."""
        checking.check(spec, self._settings.python_path)
        self._places.check(spec)

    async def open(self, spec: Spec) -> Performer:
        """Return what applies a scorer. A Python callable has processes of its own: it may spin."""
        wants = Wants(attributes=checking.needs_attributes(spec), costs=checking.needs_costs(spec))
        most = spec.bounds.concurrency
        if (score := OVER_HTTP.get(spec.kind)) is not None:
            return OverHttp(self._reader, wants, partial(score, outgoing=self._outgoing), slots=most)
        if spec.kind == PYTHON:
            return InRunner(self._reader, wants, self._pools.alone(most), None)
        return InRunner(self._reader, wants, self._pools.shared, partial(self._pools.alone, most))


@asynccontextmanager
async def open_appliers(settings: ScoringSettings, reader: CallReader) -> AsyncGenerator[Appliers]:
    """Lend what scorers are applied with."""
    async with open_pools(settings) as pools, open_outgoing(settings, os.environ) as outgoing:
        yield Appliers(settings, reader, pools, outgoing)
