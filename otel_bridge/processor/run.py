"""Processors at work: on the items of an OTLP request, and on calls that the API wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from otel_bridge.model.call import CompletedCall, EndedCall, StartedCall, UpdatedCall
from otel_bridge.processor.base import Gone
from otel_bridge.processor.views import CallView, ItemView, LogView, ResourceView, SpanView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.call import Change
    from otel_bridge.processor.base import Fate, Processor

Dropped = Counter[tuple[str, "Fate"]]
"""How many spans or calls each processor took out, and as what."""


class _Signal(Struct, frozen=True):
    """Where the items of a signal are in a request, how they are seen, and who shows them to a processor."""

    resources: str
    scopes: str
    items: str
    view: Callable[[Any, Any, ResourceView], ItemView]
    show: str


_SPANS: Final = _Signal("resource_spans", "scope_spans", "spans", SpanView, "span")
_LOGS: Final = _Signal("resource_logs", "scope_logs", "log_records", LogView, "log")


class _Resource(Struct, frozen=True):
    view: ResourceView
    items: list[ItemView]


def process_spans(
    request: Any, processors: Sequence[Processor], project: Callable[[Any], str | None]
) -> Dropped:
    """Run processors over an `ExportTraceServiceRequest`, in place; return what they took out.

    `project` tells what a `ResourceSpans` belongs to as it came.
    """
    return _process(_SPANS, request, processors, project)


def process_logs(
    request: Any, processors: Sequence[Processor], project: Callable[[Any], str | None]
) -> Dropped:
    """Run processors over an `ExportLogsServiceRequest`, as `process_spans`."""
    return _process(_LOGS, request, processors, project)


def process_changes(
    changes: Sequence[Change], processors: Sequence[Processor]
) -> tuple[list[Change], Dropped]:
    """Run processors over what the API wrote; return what goes on, and what they took out.

    Renames and deletions always go on.
    """
    dropped: Dropped = Counter()
    kept: list[Change] = []
    for change in changes:
        match change:
            case StartedCall() | EndedCall() | CompletedCall():
                view = CallView(change)
                if not _taken(view, processors, dropped):
                    kept.append(view.change())
            case UpdatedCall():
                kept.append(_renamed(change, processors))
            case _:
                kept.append(change)
    return kept, dropped


def _renamed(change: UpdatedCall, processors: Sequence[Processor]) -> UpdatedCall:
    name = change.display_name
    for processor in processors:
        name = processor.renamed(name)
    return replace(change, display_name=name)


def _process(
    signal: _Signal,
    request: Any,
    processors: Sequence[Processor],
    project: Callable[[Any], str | None],
) -> Dropped:
    dropped: Dropped = Counter()
    messages = getattr(request, signal.resources)
    resources = [_viewed(signal, message, project(message)) for message in messages]
    for processor in processors:
        show = getattr(processor, signal.show)
        for resource in resources:
            _pass(processor, show, resource, dropped)
    if dropped:
        for resource in resources:
            _remove(signal, resource)
    return dropped


def _viewed(signal: _Signal, message: Any, project: str | None) -> _Resource:
    view = ResourceView(message, project)
    scopes = getattr(message, signal.scopes)
    items = [signal.view(item, each.scope, view) for each in scopes for item in getattr(each, signal.items)]
    return _Resource(view, items)


def _pass(
    processor: Processor, show: Callable[[Any], Fate | None], resource: _Resource, dropped: Dropped
) -> None:
    """Show a resource and its items to a processor; forget the items that go no further."""
    fate = processor.resource(resource.view)
    if fate is not None:
        dropped[processor.name, fate] += len(resource.items)
        resource.items.clear()
        return
    kept: list[ItemView] = []
    for item in resource.items:
        fate = show(item)
        if fate is None:
            kept.append(item)
        else:
            dropped[processor.name, fate] += 1
    resource.items[:] = kept


def _remove(signal: _Signal, resource: _Resource) -> None:
    """Take out of the request what goes no further. Kept items are a part of it, in its order."""
    kept = iter(resource.items)
    following = next(kept, None)
    for scope in getattr(resource.view.message, signal.scopes):
        items = getattr(scope, signal.items)
        gone: list[int] = []
        for at, message in enumerate(items):
            if following is not None and message is following.message:
                following = next(kept, None)
            else:
                gone.append(at)
        for at in reversed(gone):
            del items[at]


def _taken(view: CallView, processors: Sequence[Processor], dropped: Dropped) -> bool:
    for processor in processors:
        fate = processor.call(view) or _of_start(view, processor)
        if fate is not None:
            dropped[processor.name, fate] += 1
            _remember(view, processor, fate)
            return True
    return False


def _of_start(view: CallView, processor: Processor) -> Fate | None:
    """Return the fate of the start of a call whose end came alone, where the processor took that out."""
    if view.start is not None or view.end is None or processor.gone is None:
        return None
    return processor.gone.fate_of(view.project, view.end.id)


def _remember(view: CallView, processor: Processor, fate: Fate) -> None:
    """Remember a start that goes no further, for its end, which says neither name nor trace."""
    if view.start is not None and view.end is None:
        processor.gone = processor.gone or Gone()
        processor.gone.add(view.project, view.start.id, fate)
