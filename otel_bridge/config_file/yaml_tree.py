"""YAML into a tree that knows the line and column of everything in it.

Anchors, aliases and merge keys (`<<`) work. A key that is there twice is an error, and so is a tag. Size,
depth and the number of values are bounded, however few lines stand for them.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from otel_bridge.config_file.files import MAX_TEXT
from otel_bridge.config_file.nodes import Node, Plain
from otel_bridge.config_file.problems import BadConfig, Origin, Problem, Rank

MAX_DEPTH: Final = 32
MAX_VALUES: Final = 50_000
"""How many values a text may stand for, each alias counted with all that it repeats."""
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_TAGS: Final = frozenset({"int", "float", "bool", "timestamp", "value"})
_QUOTED: Final = re.compile(r" '[^']{2,}'")
"""What the parser quotes of a file may be part of a secret."""


class _Loader(yaml.SafeLoader):
    """Gives up on what is nested too deep, before Python does."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(
                problem=f"nested deeper than {MAX_DEPTH}",
                problem_mark=self.peek_event().start_mark,  # type: ignore[no-untyped-call] # of PyYAML's stubs
            )
        composed: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return composed


def parsed(text: str, source: str, rank: Rank) -> Node:
    """Return a YAML text as a tree; raise BadConfig with everything that is wrong with it."""
    start = Origin(source, rank, 1, 1) if rank is Rank.FILE else Origin(source, rank)
    if len(text) > MAX_TEXT:
        raise BadConfig([Problem(start, f"more than {MAX_TEXT} characters")])
    reading = _Reading(source, rank)
    try:
        node = _Loader(text).get_single_node()
        tree = Node(None, start) if node is None else reading.node(node, 0, None)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = f"this is no YAML: {_QUOTED.sub('', error.problem or 'it ends too early')}"
        if mark is not None and text[mark.index - 1 : mark.index + 1] == "${":
            said += "; within braces and brackets, quote a value with ${ }"
        raise BadConfig([Problem(start if mark is None else reading.at(mark), said)]) from error
    except yaml.YAMLError as error:
        raise BadConfig([Problem(start, f"this is no YAML: {_first_line(error)}")]) from error
    if reading.problems:
        raise BadConfig(reading.problems)
    return tree


def meaning(text: Plain) -> Any:
    """Return the number or truth value that a plain text stands for, else the text."""
    try:
        return yaml.safe_load(text) if len(text) <= 400 else str(text)  # noqa: PLR2004 - no number is longer
    except (yaml.YAMLError, ValueError):
        return str(text)


class _Reading:
    """One text on its way from YAML's nodes to ours."""

    def __init__(self, source: str, rank: Rank) -> None:
        self._source = source
        self._rank = rank
        self._values = 0
        self.problems: list[Problem] = []

    def at(self, mark: yaml.Mark) -> Origin:
        """Return a place in the text, which only a file has lines for."""
        if self._rank is not Rank.FILE:
            return Origin(self._source, self._rank)
        return Origin(self._source, self._rank, mark.line + 1, mark.column + 1)

    def node(self, node: yaml.Node, depth: int, key: Origin | None) -> Node:
        """Return a node and all that is inside it."""
        origin = self.at(node.start_mark)
        self._count(origin, depth)
        if isinstance(node, yaml.MappingNode):
            self._check_tag(node, "map")
            return Node(self._mapping(node, depth), origin, key)
        if isinstance(node, yaml.SequenceNode):
            self._check_tag(node, "seq")
            return Node([self.node(each, depth + 1, None) for each in node.value], origin, key)
        return Node(self._scalar(node), origin, key)

    def _count(self, origin: Origin, depth: int) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            raise BadConfig([Problem(origin, f"its aliases stand for more than {MAX_VALUES} values")])
        if depth > MAX_DEPTH:
            raise BadConfig([Problem(origin, f"nested deeper than {MAX_DEPTH}")])

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Node]:
        own: dict[str, Node] = {}
        merges: list[yaml.Node] = []
        for key, value in node.value:
            if key.tag == f"{_TAG}merge":
                merges += value.value if isinstance(value, yaml.SequenceNode) else [value]
            elif not isinstance(key, yaml.ScalarNode):
                self._problem(key, "a key must be a text")
            elif key.value in own:
                self._problem(key, f"{key.value} is there twice")
            else:
                own[key.value] = self.node(value, depth + 1, self.at(key.start_mark))
        for merge in merges:
            for name, each in self._merge(merge, depth).items():
                own.setdefault(name, each)
        return own

    def _merge(self, node: yaml.Node, depth: int) -> dict[str, Node]:
        self._count(self.at(node.start_mark), depth + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth + 1)
        self._problem(node, "`<<` takes maps")
        return {}

    def _scalar(self, node: yaml.Node) -> str | None:
        tag = node.tag.removeprefix(_TAG)
        if tag == "null":
            return None
        if tag == "str":
            return str(node.value)
        if tag not in _PLAIN_TAGS:
            self._problem(node, f"the tag {tag} means nothing here")
        return Plain.of(node.value)

    def _check_tag(self, node: yaml.Node, expected: str) -> None:
        tag = node.tag.removeprefix(_TAG)
        if tag != expected:
            self._problem(node, f"the tag {tag} means nothing here")

    def _problem(self, node: yaml.Node, text: str) -> None:
        self.problems.append(Problem(self.at(node.start_mark), text))


def _first_line(error: yaml.YAMLError) -> str:
    return str(error).partition("\n")[0]
