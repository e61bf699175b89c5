"""Processors at work: on the spans of an OTLP request, and on calls that the API wrote."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from otel_bridge.model.call import CompletedCall, EndedCall, StartedCall
from otel_bridge.processor.views import CallView, ResourceView, SpanView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otel_bridge.model.call import Change
    from otel_bridge.processor.base import Fate, Processor

Dropped = Counter[tuple[str, "Fate"]]
"""How many spans or calls each processor took out, and as what."""


class _Resource(Struct, frozen=True):
    view: ResourceView
    spans: list[SpanView]


def process_spans(
    request: Any, processors: Sequence[Processor], project: Callable[[Any], str | None]
) -> Dropped:
    """Run processors over an `ExportTraceServiceRequest`, in place; return what they took out.

    `project` tells what a `ResourceSpans` belongs to as it came.
    """
    dropped: Dropped = Counter()
    resources = [_viewed(message, project(message)) for message in request.resource_spans]
    for processor in processors:
        for resource in resources:
            _pass(processor, resource, dropped)
    if dropped:
        for resource in resources:
            _remove(resource)
    return dropped


def process_changes(
    changes: Sequence[Change], processors: Sequence[Processor]
) -> tuple[list[Change], Dropped]:
    """Run processors over what the API wrote; return what goes on, and what they took out.

    Renames and deletions go on as they are.
    """
    dropped: Dropped = Counter()
    kept: list[Change] = []
    for change in changes:
        if not isinstance(change, StartedCall | EndedCall | CompletedCall):
            kept.append(change)
            continue
        view = CallView(change)
        if not _taken(view, processors, dropped):
            kept.append(view.change())
    return kept, dropped


def _viewed(message: Any, project: str | None) -> _Resource:
    view = ResourceView(message, project)
    return _Resource(
        view,
        [SpanView(span, scope.scope, view) for scope in message.scope_spans for span in scope.spans],
    )


def _pass(processor: Processor, resource: _Resource, dropped: Dropped) -> None:
    """Show a resource and its spans to a processor; forget the spans that go no further."""
    fate = processor.resource(resource.view)
    if fate is not None:
        dropped[processor.name, fate] += len(resource.spans)
        resource.spans.clear()
        return
    kept: list[SpanView] = []
    for span in resource.spans:
        fate = processor.span(span)
        if fate is None:
            kept.append(span)
        else:
            dropped[processor.name, fate] += 1
    resource.spans[:] = kept


def _remove(resource: _Resource) -> None:
    """Take out of the request what goes no further. Kept spans are a part of it, in its order."""
    kept = iter(resource.spans)
    following = next(kept, None)
    for scope in resource.view.message.scope_spans:
        gone: list[int] = []
        for at, message in enumerate(scope.spans):
            if following is not None and message is following.message:
                following = next(kept, None)
            else:
                gone.append(at)
        for at in reversed(gone):
            del scope.spans[at]


def _taken(view: CallView, processors: Sequence[Processor], dropped: Dropped) -> bool:
    for processor in processors:
        fate = processor.call(view)
        if fate is not None:
            dropped[processor.name, fate] += 1
            return True
    return False
