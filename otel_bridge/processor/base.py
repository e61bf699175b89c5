"""What a processor is: it sees whatever passes its pipeline, edits it, and says whether it may go on.

Processors run in the order of the pipeline, in the process that decodes, before anything touches a disk
(`design.md` D1). They are pure but for their counters: no I/O, no clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from otel_bridge.processor.views import CallView, LogView, ResourceView, SpanView

Fate: TypeAlias = Literal["filtered", "sampled_out"]
"""Why something goes no further: the term of the conservation law it belongs to."""


MAX_GONE: Final = 50_000
"""Starts of which is remembered that a processor took them out: some 10 MB."""


class Gone:
    """Calls whose starts went no further, for their ends; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._fates: dict[tuple[str, str], Fate] = {}

    def add(self, project: str, call_id: str, fate: Fate) -> None:
        """Remember what became of a start."""
        if len(self._fates) >= MAX_GONE:
            del self._fates[next(iter(self._fates))]
        self._fates[project, call_id] = fate

    def fate_of(self, project: str, call_id: str) -> Fate | None:
        """Return what became of the start of a call; None when it went on, or nobody knows any more."""
        return self._fates.get((project, call_id))


class Processor:
    """Edits in place. A method returns None when the thing goes on, else what becomes of it.

    What a processor does not define lets everything go on as it is.
    """

    name: str
    """Its id in the configuration, for counters."""
    gone: Gone | None = None
    """What is known of starts that it took out; there once it took out one."""

    def resource(self, view: ResourceView) -> Fate | None:
        """See a resource before its spans or log records; a fate is that of all of them."""

    def span(self, view: SpanView) -> Fate | None:
        """See a span, and all that belongs to it."""

    def log(self, view: LogView) -> Fate | None:
        """See a log record of a span."""

    def call(self, view: CallView) -> Fate | None:
        """See a call that the API wrote, or a half of one."""

    def renamed(self, name: str) -> str:
        """Return the name to give to a call that was written before; renames always go on."""
        return name
