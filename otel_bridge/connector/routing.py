"""`routing`: each span goes into the pipelines of the first row that it, or its resource, meets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from otel_bridge.condition.condition import BadCondition, condition
from otel_bridge.model.call import CompletedCall, EndedCall, StartedCall
from otel_bridge.processor.views import CallView, ResourceView, SpanView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from otel_bridge.condition.paths import Subject
    from otel_bridge.connector.settings import RoutingRow, RoutingSettings
    from otel_bridge.model.call import Change

Pipelines = tuple[str, ...]


class _Row(Struct, frozen=True):
    of_resources: bool
    holds: Callable[[Subject], bool]
    pipelines: Pipelines


class Routing:
    """The connector; raises ValueError for a condition that makes no sense."""

    def __init__(self, name: str, settings: RoutingSettings) -> None:
        self.name = name
        self._rows = tuple(_row(at, row) for at, row in enumerate(settings.table))
        self._of_spans = tuple(row for row in self._rows if not row.of_resources)
        self._default = settings.default_pipelines

    def spans(self, request: Any, project: Callable[[Any], str | None]) -> list[tuple[Pipelines, Any]]:
        """Share a request among pipelines: each part is a request of its own, none is empty.

        Where everything goes the same way the part is the request itself. Without a row and a default the
        pipelines are ().
        """
        parts: dict[Pipelines, Any] = {}
        whole: set[Pipelines] = set()
        ways = [self._ways(each, project(each)) for each in request.resource_spans]
        for way in ways:
            whole.update(way)
        if len(whole) <= 1:
            return [(way, request) for way in whole]
        for each, way in zip(request.resource_spans, ways, strict=True):
            for pipelines in dict.fromkeys(way):
                part = parts.setdefault(pipelines, type(request)())
                _add(part, each, (one == pipelines for one in way))
        return list(parts.items())

    def changes(self, changes: Sequence[Change]) -> list[tuple[Pipelines, list[Change]]]:
        """Share what the API wrote, each by the rows for spans; renames and deletions go everywhere."""
        parts: dict[Pipelines, list[Change]] = {}
        everywhere = self.pipelines()
        for change in changes:
            if isinstance(change, StartedCall | EndedCall | CompletedCall):
                view = CallView(change)
                way = next((row.pipelines for row in self._of_spans if row.holds(view)), self._default)
            else:
                way = everywhere
            parts.setdefault(way, []).append(change)
        return list(parts.items())

    def pipelines(self) -> Pipelines:
        """Return every pipeline that something may go into."""
        named = [*(name for row in self._rows for name in row.pipelines), *self._default]
        return tuple(dict.fromkeys(named))

    def _ways(self, resource_spans: Any, project: str | None) -> list[Pipelines]:
        """Return where each span of a resource goes, in the order of the spans."""
        resource = ResourceView(resource_spans, project)
        return [
            self._way(resource, SpanView(span, scope.scope, resource))
            for scope in resource_spans.scope_spans
            for span in scope.spans
        ]

    def _way(self, resource: ResourceView, span: SpanView) -> Pipelines:
        rows = self._rows
        found = (row.pipelines for row in rows if row.holds(resource if row.of_resources else span))
        return next(found, self._default)


def _row(at: int, row: RoutingRow) -> _Row:
    try:
        made = condition(row.condition, row.context)
    except BadCondition as error:
        raise BadCondition(f"table[{at}].condition: {error}") from None
    return _Row(row.context == "resource", made.holds, row.pipelines)


def _add(part: Any, resource_spans: Any, wanted: Iterable[bool]) -> None:
    """Copy a resource into a part, with the wanted ones of its spans."""
    copy = part.resource_spans.add()
    copy.CopyFrom(resource_spans)
    flags = iter(wanted)
    for scope in copy.scope_spans:
        kept = [next(flags) for _ in scope.spans]
        for at in reversed(range(len(kept))):
            if not kept[at]:
                del scope.spans[at]
    for at in reversed(range(len(copy.scope_spans))):
        if not copy.scope_spans[at].spans:
            del copy.scope_spans[at]
