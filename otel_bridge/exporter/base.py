"""What a destination is sent through, whatever it speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from otel_bridge.exporter.frames import Outgoing
    from otel_bridge.exporter.posting import LastAnswer
    from otel_bridge.exporter.verdict import Verdict


class Target(Protocol):
    """The other side: one attempt at a time, and what came of it."""

    @property
    def last(self) -> LastAnswer | None:
        """How the last attempt went; None before the first."""

    async def takes_gzip(self) -> bool:
        """Tell whether bodies may be compressed."""

    def refuse_gzip(self) -> None:
        """Send no more compressed bodies: the other side did not understand one."""

    async def send(self, request: Outgoing, body: bytes, *, project: str, gzip: bool) -> Verdict:
        """Send one request and say what the answer means; raise nothing."""

    async def renew(self) -> bool:
        """Read the key anew after a refusal; tell whether it is another one now."""
