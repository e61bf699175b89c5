"""Public fakes for tests of programs around the bridge. Nothing in the bridge imports this."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from otel_bridge.receiver.base import Outcome
from otel_bridge.receiver.decode import decode, decode_logs, partial_message
from otel_bridge.receiver.signals import LOGS

if TYPE_CHECKING:
    from otel_bridge.model.call import LoggedSpan
    from otel_bridge.model.span import Span
    from otel_bridge.receiver.base import Export
    from otel_bridge.receiver.decode import Decoded, DecodedLogs

DEFAULT_PROJECT: Final = "local/default"


class RecordingConsume:
    """A `Consume` that decodes like the bridge and remembers what it took.

    `exports` holds every export that came, `spans` and `logs` what was taken from those that were not
    answered with an error. `fail_next` queues errors for the exports to come; `hold` makes them wait until
    `let_go`.
    """

    def __init__(self, *, default_project: str | None = DEFAULT_PROJECT) -> None:
        self.exports: list[Export] = []
        self.spans: list[Span] = []
        self.logs: list[LoggedSpan] = []
        self.arrived = asyncio.Event()
        self._default_project = default_project
        self._errors: deque[Exception | None] = deque()
        self._go = asyncio.Event()
        self._go.set()

    def fail_next(self, *errors: Exception | None) -> None:
        """Answer the next exports with these errors, in order; None is success."""
        self._errors.extend(errors)

    def hold(self) -> None:
        """Let the exports that come wait."""
        self._go.clear()

    def let_go(self) -> None:
        """Let all exports go on."""
        self._go.set()

    async def __call__(self, export: Export) -> Outcome:
        """Decode and remember, as `Consume` promises."""
        self.exports.append(export)
        self.arrived.set()
        await self._go.wait()
        error = self._errors.popleft() if self._errors else None
        if error is not None:
            raise error
        if export.signal is LOGS:
            found = decode_logs(export, default_project=self._default_project)
            self.logs.extend(found.spans)
            return _outcome(found, found.accepted)
        decoded = decode(export, default_project=self._default_project)
        self.spans.extend(decoded.spans)
        return _outcome(decoded, len(decoded.spans))


def _outcome(decoded: Decoded | DecodedLogs, accepted: int) -> Outcome:
    return Outcome(
        accepted=accepted,
        rejected=decoded.rejected,
        message=partial_message(decoded.reasons, decoded.warnings),
        counts=decoded.counts,
    )
