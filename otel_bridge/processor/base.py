"""What a processor is: it sees whatever passes its pipeline, edits it, and says whether it may go on.

Processors run in the order of the pipeline, in the process that decodes, before anything touches a disk
(`design.md` D1). They are pure but for their counters: no I/O, no clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from otel_bridge.processor.views import CallView, LogView, ResourceView, SpanView

Fate: TypeAlias = Literal["filtered", "sampled_out"]
"""Why something goes no further: the term of the conservation law it belongs to."""


class Processor:
    """Edits in place. A method returns None when the thing goes on, else what becomes of it.

    What a processor does not define lets everything go on as it is.
    """

    name: str
    """Its id in the configuration, for counters."""

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
