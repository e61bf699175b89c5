"""Pipelines at work: what one receiver brought becomes what each exporter gets.

Content that several take is one object as long as none of them changes it: so it is decoded, translated and
kept once. Whoever has processors gets a copy of its own unless nobody else has the object.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from otel_bridge.pipeline.opening import open_connector, open_processor
from otel_bridge.processor.run import process_changes, process_logs, process_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from otel_bridge.connector.routing import Routing
    from otel_bridge.model.call import Change
    from otel_bridge.pipeline.plan import Pipeline, Plan
    from otel_bridge.processor.base import Processor
    from otel_bridge.processor.run import Dropped

ContentT = TypeVar("ContentT")
Passed = Counter[tuple[str, Literal["incoming", "outgoing"]]]
"""How much went into each processor, and out of it."""


class Parts(Generic[ContentT]):
    """What came out: contents, each with the exporters that get it, and what happened on the way."""

    def __init__(self) -> None:
        self._parts: dict[int, tuple[ContentT, set[str]]] = {}
        self.dropped: Dropped = Counter()
        self.passed: Passed = Counter()

    def add(self, content: ContentT, exporters: Iterable[str]) -> None:
        """Give a content to exporters."""
        self._parts.setdefault(id(content), (content, set()))[1].update(exporters)

    def __iter__(self) -> Any:
        return iter([(content, frozenset(exporters)) for content, exporters in self._parts.values()])


class Flow:
    """All pipelines of a plan; raises ValueError when a component makes no sense."""

    def __init__(self, plan: Plan) -> None:
        processors = {name: open_processor(name, one) for name, one in plan.processors.items()}
        self._connectors = {name: open_connector(name, one) for name, one in plan.connectors.items()}
        self._pipelines = {each.name: each for each in plan.pipelines}
        self._processors = {
            each.name: tuple(processors[name] for name in each.processors) for each in plan.pipelines
        }

    def spans(self, receiver: str, request: Any, project: Callable[[Any], str | None]) -> Parts[Any]:
        """Lead an `ExportTraceServiceRequest` through; it may be changed.

        `project` tells what a `ResourceSpans` belongs to as it is.
        """
        return _Run(self, _Spans(project)).from_receiver(receiver, request)

    def logs(self, receiver: str, request: Any, project: Callable[[Any], str | None]) -> Parts[Any]:
        """Lead an `ExportLogsServiceRequest` through; it may be changed."""
        return _Run(self, _Logs(project)).from_receiver(receiver, request)

    def changes(self, receiver: str, changes: Sequence[Change]) -> Parts[Sequence[Change]]:
        """Lead what the API wrote through."""
        return _Run(self, _Changes()).from_receiver(receiver, changes)

    def fed_by(self, source: str, signal: str) -> list[Pipeline]:
        """Return the pipelines of a signal that a receiver or a connector leads into."""
        found = self._pipelines.values()
        return [each for each in found if each.signal == signal and source in each.receivers]

    def pipeline(self, name: str) -> Pipeline:
        """Return a pipeline."""
        return self._pipelines[name]

    def processors_of(self, pipeline: Pipeline) -> tuple[Processor, ...]:
        """Return the processors of a pipeline, in order."""
        return self._processors[pipeline.name]

    def is_connector(self, name: str) -> bool:
        """Tell whether an exporter of a pipeline is a connector."""
        return name in self._connectors

    def router(self, name: str) -> Routing | None:
        """Return a routing connector; None for one that leads everything on."""
        return self._connectors[name]


class _Spans:
    """How requests of spans are processed, shared and copied."""

    signal = "traces"

    def __init__(self, project: Callable[[Any], str | None]) -> None:
        self._project = project

    def process(self, request: Any, processors: Sequence[Processor]) -> tuple[Any, Dropped]:
        return request, process_spans(request, processors, self._project)

    def shared_out(self, router: Routing, request: Any) -> list[tuple[tuple[str, ...], Any]]:
        return router.spans(request, self._project)

    @staticmethod
    def copy(request: Any) -> Any:
        copy = type(request)()
        copy.CopyFrom(request)
        return copy

    @staticmethod
    def size(request: Any) -> int:
        return sum(len(scope.spans) for each in request.resource_spans for scope in each.scope_spans)


class _Logs(_Spans):
    """How requests of log records are processed; a configuration leads none into a routing connector."""

    signal = "logs"

    def process(self, request: Any, processors: Sequence[Processor]) -> tuple[Any, Dropped]:
        return request, process_logs(request, processors, self._project)

    @staticmethod
    def size(request: Any) -> int:
        return sum(len(scope.log_records) for each in request.resource_logs for scope in each.scope_logs)


class _Changes:
    """How what the API wrote is processed, shared and copied: processors make new objects anyway."""

    signal = "traces"

    @staticmethod
    def process(changes: Any, processors: Sequence[Processor]) -> tuple[Any, Dropped]:
        return process_changes(changes, processors)

    @staticmethod
    def shared_out(router: Routing, changes: Any) -> list[tuple[tuple[str, ...], Any]]:
        return router.changes(changes)

    @staticmethod
    def copy(changes: Any) -> Any:
        return changes

    @staticmethod
    def size(changes: Any) -> int:
        return len(changes)


class _Run:
    """One content on its way."""

    def __init__(self, flow: Flow, way: _Spans | _Changes) -> None:
        self._flow = flow
        self._way = way
        self._parts: Parts[Any] = Parts()

    def from_receiver(self, receiver: str, content: Any) -> Parts[Any]:
        self._into(self._flow.fed_by(receiver, self._way.signal), content, shared=False)
        return self._parts

    def _into(self, pipelines: Sequence[Pipeline], content: Any, *, shared: bool) -> None:
        shared = shared or len(pipelines) > 1
        for pipeline in pipelines:
            self._pass(pipeline, content, shared=shared)

    def _pass(self, pipeline: Pipeline, content: Any, *, shared: bool) -> None:
        processors = self._flow.processors_of(pipeline)
        if processors:
            if shared:
                content, shared = self._way.copy(content), False
            size = self._way.size(content)
            content, dropped = self._way.process(content, processors)
            self._parts.dropped += dropped
            _count(self._parts.passed, size, processors, dropped)
            if dropped and not self._way.size(content):
                return
        connectors = [name for name in pipeline.exporters if self._flow.is_connector(name)]
        exporters = [name for name in pipeline.exporters if name not in connectors]
        if exporters:
            self._parts.add(content, exporters)
        shared = shared or bool(exporters) or len(connectors) > 1
        for name in connectors:
            self._connect(name, content, shared=shared)

    def _connect(self, name: str, content: Any, *, shared: bool) -> None:
        router = self._flow.router(name)
        if router is None:
            self._into(self._flow.fed_by(name, self._way.signal), content, shared=shared)
            return
        for way, part in self._way.shared_out(router, content):
            if not way:
                self._parts.dropped[name, "filtered"] += self._way.size(part)
            pipelines = [self._flow.pipeline(each) for each in way]
            self._into(pipelines, part, shared=shared and part is content)


def _count(passed: Passed, size: int, processors: Sequence[Processor], dropped: Dropped) -> None:
    """Count what each processor saw of so much: the next one sees what it left."""
    for processor in processors:
        passed[processor.name, "incoming"] += size
        size -= sum(count for (name, _), count in dropped.items() if name == processor.name)
        passed[processor.name, "outgoing"] += size
