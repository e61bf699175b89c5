"""The pipelines as a graph: what is named is there, everything leads from receivers to exporters.

Connectors are exporters of one pipeline and receivers of another, so pipelines could go round in a circle:
that is an error. What nothing names does nothing.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from otel_bridge.config_file.registry import KINDS, SIGNALS, TYPES, type_of
from otel_bridge.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from otel_bridge.config_file.document import Document
    from otel_bridge.config_file.registry import Kind
    from otel_bridge.config_file.service import Pipeline

_SINGULAR: Final = {kind: kind.removesuffix("s") for kind in KINDS}


class Route(Struct, frozen=True):
    """One pipeline: the names of its parts, each in the order of the file."""

    name: str
    signal: str
    receivers: tuple[str, ...]
    processors: tuple[str, ...]
    exporters: tuple[str, ...]


class Graph(Struct, frozen=True):
    """All pipelines, those first that others get their input from, and what runs and what does not."""

    routes: tuple[Route, ...]
    used: Mapping[Kind, tuple[str, ...]]
    unused: tuple[str, ...]

    def signals(self) -> tuple[str, ...]:
        """Return the signals that pipelines take."""
        return tuple(signal for signal in SIGNALS if any(route.signal == signal for route in self.routes))


def graph_of(pipelines: Mapping[str, Pipeline], extensions: Sequence[str], document: Document) -> Graph:
    """Return the graph; what does not fit together is noted in `document`."""
    defined = {kind: document.defined(kind) for kind in KINDS}
    for name in {*defined["connectors"]} & {*defined["receivers"], *defined["exporters"]}:
        document.problem_with_key(("connectors", name), f"connectors.{name}: another component has this name")
    used: dict[Kind, dict[str, None]] = {kind: {} for kind in KINDS}
    taking = _Taking(document, defined, used)
    routes = [taking.route(name, pipeline) for name, pipeline in pipelines.items()]
    taking.names(("extensions",), extensions, ("service", "extensions"))
    _check_connectors(routes, tuple(used["connectors"]), document)
    ordered = _ordered(routes, document)
    unused = [f"{kind}.{name}" for kind in KINDS for name in defined[kind] if name not in used[kind]]
    return Graph(tuple(ordered), {kind: tuple(used[kind]) for kind in KINDS}, tuple(unused))


class _Taking:
    """Looks up what pipelines name."""

    def __init__(
        self,
        document: Document,
        defined: Mapping[Kind, Sequence[str]],
        used: Mapping[Kind, dict[str, None]],
    ) -> None:
        self._document = document
        self._defined = defined
        self._used = used

    def route(self, name: str, pipeline: Pipeline) -> Route:
        """Return a pipeline of which everything is defined and takes its signal."""
        place = ("service", "pipelines", name)
        signal, slash, rest = name.partition("/")
        if signal not in SIGNALS or (slash and not rest):
            text = f"service.pipelines.{name}: pipelines are for {' and '.join(SIGNALS)} only"
            self._document.problem_with_key(place, text)
        self.names(("receivers", "connectors"), pipeline.receivers, (*place, "receivers"), signal)
        self.names(("processors",), pipeline.processors, (*place, "processors"), signal)
        self.names(("exporters", "connectors"), pipeline.exporters, (*place, "exporters"), signal)
        receivers, exporters = tuple(pipeline.receivers), tuple(pipeline.exporters)
        return Route(name, signal, receivers, tuple(pipeline.processors), exporters)

    def names(
        self, kinds: tuple[Kind, ...], names: Iterable[str], place: tuple[str, ...], signal: str | None = None
    ) -> None:
        """Note each name as used, or what is wrong with it."""
        for at, name in enumerate(names):
            kind = next((kind for kind in kinds if name in self._defined[kind]), None)
            if kind is None:
                known = [each for kind in kinds for each in self._defined[kind]]
                text = f"{'.'.join(place)}: {name} is not defined{did_you_mean(name, known)}"
                self._document.problem((*place, at), text)
                continue
            self._used[kind][name] = None
            known_type = TYPES[kind].get(type_of(name))
            if signal in SIGNALS and known_type is not None and signal not in known_type.signals:
                text = f"{'.'.join(place)}: the {_SINGULAR[kind]} {name} takes no {signal}"
                self._document.problem((*place, at), text)


def _check_connectors(routes: Sequence[Route], connectors: Sequence[str], document: Document) -> None:
    for name in connectors:
        ends = any(name in route.exporters for route in routes)
        begins = any(name in route.receivers for route in routes)
        if not (ends and begins):
            missing = "exporter" if begins else "receiver"
            document.problem_with_key(
                ("connectors", name), f"connectors.{name}: it is no {missing} of any pipeline"
            )


def _ordered(routes: Sequence[Route], document: Document) -> list[Route]:
    """Sort pipelines so that a connector's input comes first."""
    feeds = {
        route.name: {other.name for other in routes if {*other.exporters} & {*route.receivers}}
        for route in routes
    }
    try:
        order = list(TopologicalSorter(feeds).static_order())
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        place = ("service", "pipelines", error.args[1][0])
        document.problem_with_key(place, f"service.pipelines: a circle of connectors: {circle}")
        return list(routes)
    return sorted(routes, key=lambda route: order.index(route.name))
