"""What the writer does with a request where pipelines change, drop or share out what comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_bridge.ingest.fan import Shared
from otel_bridge.ingest.requests import Prepared, prepared_export
from otel_bridge.model.annex import ANNEX_CHANGES
from otel_bridge.pipeline.flow import Flow
from otel_bridge.pipeline.plan import WEAVE_API
from otel_bridge.receiver.decode import decode_led
from otel_bridge.telemetry import dropped_by, passed_by
from otel_bridge.translate.calls import announces, translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from otel_bridge.ingest import frames
    from otel_bridge.ingest.fan import Fan
    from otel_bridge.model.annex import AnnexChange
    from otel_bridge.model.call import Change
    from otel_bridge.pipeline.flow import Parts
    from otel_bridge.pipeline.plan import Plan
    from otel_bridge.receiver.base import Export
    from otel_bridge.receiver.decode.export import Seen
    from otel_bridge.receiver.decode.logs import LeadLogs
    from otel_bridge.translate.options import Options


class Leading:
    """The pipelines of a bridge, between what is decoded and what is kept."""

    def __init__(self, plan: Plan, fan: Fan) -> None:
        self._flow = Flow(plan)
        self._stores = frozenset(plan.stores)
        self._fan = fan

    def export(
        self,
        request: frames.ExportSpans,
        export: Export,
        *,
        default_project: str | None,
        options: Options,
        seen: Seen | None = None,
    ) -> Prepared:
        """Decode an OTLP request and lead it through; raise InvalidRequest when it cannot be decoded."""
        counts: dict[str, int] = {}

        def lead(content: Any, project: Callable[[Any], str | None]) -> Iterable[tuple[Any, frozenset[str]]]:
            parts = self._flow.spans(request.receiver, content, project)
            counts.update(counted(parts))
            return parts

        decoded = decode_led(export, default_project=default_project, lead=lead, seen=seen)
        changes: list[Change] = []
        shared = Shared()
        announced = 0
        for part in decoded.parts:
            spans = [span for span in part.spans if not announces(span)]
            announced = max(announced, len(part.spans) - len(spans))
            if part.exporters & self._stores:
                changes += [translate(span, options) for span in spans]
            shared += self._fan.spans(spans, part.exporters)
        if announced:
            counts["announced_spans"] = announced
        return prepared_export(
            request,
            decoded.said,
            decoded.said.counts | counts,
            accepted=decoded.accepted,
            changes=changes,
            shared=shared,
        )

    def logs(self, receiver: str, counts: dict[str, int]) -> LeadLogs:
        """Return what leads a request of log records through; what is dropped is added to `counts`.

        Only a store takes log records: all that it gets comes in one request.
        """

        def lead(request: Any, project: Callable[[Any], str | None]) -> Any:
            parts = self._flow.logs(receiver, request, project)
            counts.update(counted(parts))
            kept = [content for content, exporters in parts if exporters & self._stores]
            if len(kept) == 1:
                return kept[0]
            whole = type(request)()
            for content in kept:
                whole.resource_logs.extend(content.resource_logs)
            return whole

        return lead

    def written(
        self, changes: Sequence[Change | AnnexChange], received_ns: int
    ) -> tuple[Sequence[Change | AnnexChange], Shared]:
        """Lead what the API wrote through: what the store gets, what all others get.

        What is kept beside calls goes to the store as it is.
        """
        if any(isinstance(each, ANNEX_CHANGES) for each in changes):
            return changes, Shared()
        parts = self._flow.changes(WEAVE_API, changes)  # type: ignore[arg-type]  # none is beside calls
        kept: list[Change] = []
        shared = Shared(counts=counted(parts))
        for some, exporters in parts:
            if exporters & self._stores:
                kept += some
            shared += self._fan.changes(some, received_ns, exporters)
        return kept, shared


def counted(parts: Parts[Any]) -> dict[str, int]:
    """Return counters of what processors took out, and of what they saw."""
    dropped = {dropped_by(name, fate): count for (name, fate), count in parts.dropped.items()}
    return dropped | {passed_by(name, direction): count for (name, direction), count in parts.passed.items()}
