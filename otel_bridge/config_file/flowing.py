"""From pipelines that are right to the plan that the bridge runs by; what components say is tried here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.config_file.problems import spelled
from otel_bridge.config_file.registry import type_of
from otel_bridge.pipeline.plan import Component, Pipeline, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel

    from otel_bridge.config_file.checking import Components
    from otel_bridge.config_file.document import Document
    from otel_bridge.config_file.graph import Graph
    from otel_bridge.config_file.registry import Kind

STORE: Final = "store"
ROUTING: Final = "routing"
MEMORY_LIMITER: Final = "memory_limiter"


def plan_of(graph: Graph, components: Components, document: Document) -> Plan:
    """Return the plan; components that make no sense are noted in `document`.

    A `memory_limiter` is no part of it: it is asked before anything is read.
    """
    opened: dict[Kind, dict[str, Component]] = {"processors": {}, "connectors": {}}
    for kind, found in opened.items():
        for name in graph.used[kind]:
            settings = components[kind].get(name)
            if settings is None or type_of(name) == MEMORY_LIMITER:
                continue
            found[name] = Component(type_of(name), _written(settings))
            _try((kind, name), settings, found[name], document)
    _check_routes(graph, components["connectors"], document)
    receivers = {name: type_of(name) for name in graph.used["receivers"]}
    return Plan(
        tuple(
            Pipeline(
                route.name,
                tuple(receivers.get(name, name) for name in route.receivers),
                tuple(name for name in route.processors if type_of(name) != MEMORY_LIMITER),
                route.exporters,
            )
            for route in graph.routes
        ),
        opened["processors"],
        opened["connectors"],
        tuple(name for name in graph.used["exporters"] if type_of(name) == STORE),
    )


def _written(settings: BaseModel) -> dict[str, Any]:
    return settings.model_dump(mode="json", exclude_defaults=True)


def _try(place: tuple[Kind, str], settings: BaseModel, component: Component, document: Document) -> None:
    """Make a component, to find out whether its conditions and patterns make sense."""
    from otel_bridge.config_file.trying import wrong_texts  # noqa: PLC0415 - where there are any
    from otel_bridge.pipeline.opening import open_connector, open_processor  # noqa: PLC0415 - the same

    wrong = [((*place, *inside), why) for inside, why in wrong_texts(settings)]
    for where, why in wrong:
        document.problem(where, f"{spelled(where)}: {why}")
    if wrong:
        return
    kind, name = place
    opening: Mapping[Kind, Callable[[str, Component], object]] = {
        "processors": open_processor,
        "connectors": open_connector,
    }
    try:
        opening[kind](name, component)
    except ValueError as error:
        document.problem_with_key(place, f"{spelled(place)}: {error}")


def _check_routes(graph: Graph, connectors: Mapping[str, BaseModel], document: Document) -> None:
    """Note pipelines that a table names and that do not take from it."""
    fed = {route.name: route.receivers for route in graph.routes}
    for name in graph.used["connectors"]:
        settings = connectors.get(name)
        if settings is None or type_of(name) != ROUTING:
            continue
        for place, pipeline in _named(settings):
            if name not in fed.get(pipeline, ()):
                where = ("connectors", name, *place)
                why = "does not name it as a receiver" if pipeline in fed else "is not defined"
                document.problem(where, f"{spelled(where)}: the pipeline {pipeline} {why}")


def _named(settings: Any) -> list[tuple[tuple[str | int, ...], str]]:
    """Return every pipeline that a routing connector names, with its place."""
    rows = [
        (("table", at, "pipelines", index), pipeline)
        for at, row in enumerate(settings.table)
        for index, pipeline in enumerate(row.pipelines)
    ]
    return rows + [
        (("default_pipelines", index), pipeline) for index, pipeline in enumerate(settings.default_pipelines)
    ]
