"""The components that run: what pipelines and the list of extensions name."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from otel_bridge.config_file.registry import type_of

if TYPE_CHECKING:
    from otel_bridge.config_file.checking import Components
    from otel_bridge.config_file.document import Document
    from otel_bridge.config_file.graph import Graph
    from otel_bridge.config_file.registry import Kind

ModelT = TypeVar("ModelT", bound=BaseModel)


class Used:
    """The components that the pipelines and the list of extensions name."""

    def __init__(self, components: Components, graph: Graph, document: Document) -> None:
        self.document = document
        self._components = components
        self._graph = graph

    def all(self, model: type[ModelT], kind: Kind) -> list[tuple[str, ModelT]]:
        """Return the used components of a type, in the order they are used."""
        found = [(name, self.named(kind, name)) for name in self._graph.used[kind]]
        return [(name, one) for name, one in found if isinstance(one, model)]

    def one(self, model: type[ModelT], kind: Kind) -> list[tuple[str, ModelT]]:
        """Return the used component of a type, of which there may be one."""
        found = self.all(model, kind)
        for name, _ in found[1:]:
            self.document.problem_with_key(
                (kind, name), f"{kind}.{name}: {found[0][0]} is in use, and there can be one of this type"
            )
        return found[:1]

    def named(self, kind: Kind, name: str) -> BaseModel | None:
        """Return a used component."""
        return self._components[kind].get(name) if name in self._graph.used[kind] else None

    def names(self, kind: Kind, name: str) -> bool:
        """Tell whether a component is used."""
        return name in self._graph.used[kind]

    def is_wrong(self, kind: Kind, name: str) -> bool:
        """Tell whether a used component was left out because of what is wrong inside it."""
        return name in self._graph.used[kind] and name not in self._components[kind]

    def check_store(self, name: str, store: str | None) -> None:
        """Note an API that is to ask another exporter than the one that answers."""
        if store is None:
            return
        exporters = self._graph.used["exporters"]
        answering = [one for kind in ("store", "weave") for one in exporters if type_of(one) == kind]
        if answering[:1] != [store]:
            by = f"by {answering[0]}, not by {store}" if answering else "by nobody: no exporter keeps calls"
            text = f"receivers.{name}.store: questions are answered {by}"
            self.document.problem(("receivers", name, "store"), text)
