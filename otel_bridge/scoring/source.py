"""Where a worker's tasks come from: the ledger of its bridge, or a queue beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from otel_bridge.model.scoring import EndedCall, Outcome
    from otel_bridge.model.tasks import Claimed
    from otel_bridge.scoring.client import BridgeClient


class Source(Protocol):
    """Lends tasks and ended calls, and hears what became of them."""

    async def take(
        self, *, limit: int, rooms: Mapping[str, int], each: int, ended: int, wait_seconds: float
    ) -> Claimed:
        """Take up to `limit` tasks and `ended` calls that ended, waiting for some so long.

        `rooms` bounds the tasks of a scorer (0: none of them), `each` those of any other. Raise Unavailable
        when there may be some later, another BridgeError when there will be none.
        """

    def settled(self, outcome: Outcome) -> None:
        """Hear of an outcome that the bridge has taken."""

    def looked_at(self, ended: Sequence[EndedCall]) -> None:
        """Hear of ended calls whose tasks are queued."""

    async def close(self) -> None:
        """Let go of connections; what was taken and not settled is lent to others."""


class Ledger:
    """The tasks of the bridge itself; everything about them is in its ledger."""

    def __init__(self, client: BridgeClient, lease_seconds: int) -> None:
        self._client = client
        self._lease_seconds = lease_seconds

    async def take(
        self, *, limit: int, rooms: Mapping[str, int], each: int, ended: int, wait_seconds: float
    ) -> Claimed:
        """Lease tasks."""
        return await self._client.lease(
            limit, self._lease_seconds, wait_seconds=wait_seconds, rooms=rooms, each=each, ended=ended
        )

    def settled(self, outcome: Outcome) -> None:
        """Leave it to the ledger."""

    def looked_at(self, ended: Sequence[EndedCall]) -> None:
        """Leave it to the ledger."""

    async def close(self) -> None:
        """Hold on to nothing."""
