"""Which way an export takes through the pipelines, step by step: who drops or changes it, and who gets it.

It goes as `flow` leads, one processor at a time; what it goes through is made anew, so nothing is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_bridge.model.path import Step
from otel_bridge.pipeline.flow import Flow
from otel_bridge.processor.run import process_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from otel_bridge.pipeline.plan import Pipeline, Plan


def path(plan: Plan, receiver: str, request: Any, project: Callable[[Any], str | None]) -> tuple[Step, ...]:
    """Return the way of an `ExportTraceServiceRequest` that a type of receiver took; it may be changed."""
    flow = Flow(plan)
    return tuple(_into(flow, flow.fed_by(receiver, "traces"), request, project))


def _into(
    flow: Flow, pipelines: Sequence[Pipeline], request: Any, project: Callable[[Any], str | None]
) -> Iterator[Step]:
    for pipeline in pipelines:
        own = _copy(request)
        dropped = False
        for processor in flow.processors_of(pipeline):
            step = _processed(pipeline.name, processor, own, project)
            yield step
            dropped = step.fate in {"filtered", "sampled_out"}
            if dropped:
                break
        if not dropped:
            yield from _out_of(flow, pipeline, own, project)


def _out_of(
    flow: Flow, pipeline: Pipeline, request: Any, project: Callable[[Any], str | None]
) -> Iterator[Step]:
    for name in pipeline.exporters:
        if not flow.is_connector(name):
            yield Step(pipeline.name, name, "given")
    for name in pipeline.exporters:
        if flow.is_connector(name):
            yield from _connected(flow, pipeline, name, request, project)


def _connected(
    flow: Flow, pipeline: Pipeline, name: str, request: Any, project: Callable[[Any], str | None]
) -> Iterator[Step]:
    router = flow.router(name)
    if router is None:
        led = flow.fed_by(name, "traces")
        yield Step(pipeline.name, name, "routed", _names(led))
        yield from _into(flow, led, request, project)
        return
    for way, part in router.spans(_copy(request), project):
        if not way:
            yield Step(pipeline.name, name, "filtered", "no row of its table meets, and it has no default")
            continue
        led = [flow.pipeline(each) for each in way]
        yield Step(pipeline.name, name, "routed", _names(led))
        yield from _into(flow, led, part, project)


def _processed(pipeline: str, processor: Any, request: Any, project: Callable[[Any], str | None]) -> Step:
    before, were = _copy(request), _keys(request)
    dropped = process_spans(request, [processor], project)
    if dropped and not _size(request):
        ((_, fate), _) = dropped.most_common(1)[0]
        return Step(pipeline, processor.name, fate)
    if before == request:
        return Step(pipeline, processor.name, "passed")
    return Step(pipeline, processor.name, "changed", _difference(were, _keys(request)))


def _difference(before: dict[str, str], after: dict[str, str]) -> str:
    added = sorted(after.keys() - before.keys())
    gone = sorted(before.keys() - after.keys())
    other = sorted(key for key in before.keys() & after.keys() if before[key] != after[key])
    told = (("adds", added), ("removes", gone), ("changes", other))
    return "; ".join(f"{word} {', '.join(keys)}" for word, keys in told if keys)


def _keys(request: Any) -> dict[str, str]:
    """Return every attribute of resources and spans, and the trace state, with what it holds."""
    found: dict[str, str] = {}
    for each in request.resource_spans:
        found |= {f"resource {one.key}": str(one.value) for one in each.resource.attributes}
        for span in (span for scope in each.scope_spans for span in scope.spans):
            found |= {one.key: str(one.value) for one in span.attributes}
            found |= {"trace_state": span.trace_state} if span.trace_state else {}
            found["span name"] = span.name
    return found


def _copy(request: Any) -> Any:
    copy = type(request)()
    copy.CopyFrom(request)
    return copy


def _size(request: Any) -> int:
    return sum(len(scope.spans) for each in request.resource_spans for scope in each.scope_spans)


def _names(pipelines: Sequence[Pipeline]) -> str:
    return ", ".join(each.name for each in pipelines)
