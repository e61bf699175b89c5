"""A whole configuration while it is checked: its tree, and everything that is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.config_file.nodes import found, nearest
from otel_bridge.config_file.problems import Problem

if TYPE_CHECKING:
    from otel_bridge.config_file.nodes import Node
    from otel_bridge.config_file.problems import Origin, Place


class Document:
    """A tree, and the problems found in it so far."""

    def __init__(self, tree: Node) -> None:
        self.tree = tree
        self.problems: list[Problem] = []

    def defined(self, kind: str) -> list[str]:
        """Return the names of one of the maps."""
        node = found(self.tree, (kind,))
        return list(node.value) if node is not None and isinstance(node.value, dict) else []

    def has(self, place: Place) -> bool:
        """Tell whether something is written at a place."""
        return found(self.tree, place) is not None

    def has_members(self, place: Place) -> bool:
        """Tell whether a map is at a place."""
        node = found(self.tree, place)
        return node is not None and isinstance(node.value, dict)

    def origin(self, place: Place) -> Origin:
        """Return who wrote what is at a place, or around it when nothing is."""
        node = nearest(self.tree, place)
        is_there = found(self.tree, place) is node
        return node.origin if is_there and isinstance(node.value, str | None) else node.named_at

    def problem(self, place: Place, text: str) -> None:
        """Note what is wrong at a place."""
        self.problems.append(Problem(self.origin(place), text))

    def problem_with_key(self, place: Place, text: str) -> None:
        """Note what is wrong with the key of a place."""
        self.problems.append(Problem(nearest(self.tree, place).named_at, text))
