"""References to variables and files: `${env:NAME}`, `${NAME}`, `${env:NAME:-default}`, `${file:/path}`, `$$`.

As in the collector (`contract/pipeline-config.md` §1.3, §2.1), with these differences: a variable that is not
set and has no default is an error; one that is set to nothing takes the default; what a variable or a file
holds is taken as it is, dollar signs too. References nest: `${env:A:-${env:B:-c}}`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from otel_bridge.config_file.files import Files, why
from otel_bridge.config_file.nodes import Node, Plain
from otel_bridge.config_file.problems import BadConfig, Origin, Problem, spelled
from otel_bridge.config_file.yaml_tree import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from otel_bridge.config_file.nodes import Value
    from otel_bridge.config_file.problems import Place, Rank

MAX_NESTED: Final = 8
MAX_EXPANDED: Final = 4 << 20
"""How many characters all references of a configuration may stand for."""
_WORD: Final = re.compile(r"\$\$|\$\{|\}|[^$}]+|\$", re.DOTALL)
_VARIABLE: Final = re.compile(r"(?:env:)?([A-Za-z_][A-Za-z0-9_]*)")
_FILE: Final = "file:"
_DEFAULT: Final = ":-"


class BadReference(ValueError):
    """A reference that stands for nothing; the message says why."""


class Reference(Struct, frozen=True):
    """What is between `${` and `}`."""

    parts: tuple[str | Reference, ...]


def parse(text: str) -> tuple[str | Reference, ...]:
    """Return the parts of a text: what is as it stands, and references. Raise BadReference."""
    open_parts: list[list[str | Reference]] = [[]]
    for word in _WORD.findall(text):
        if word == "${":
            open_parts.append([])
            if len(open_parts) > MAX_NESTED + 1:
                raise BadReference(f"references are nested deeper than {MAX_NESTED}")
        elif word == "}" and len(open_parts) > 1:
            inside = open_parts.pop()
            open_parts[-1].append(Reference(tuple(inside)))
        else:
            open_parts[-1].append("$" if word == "$$" else word)
    if len(open_parts) > 1:
        raise BadReference("`${` has no `}`; `$$` stands for a dollar sign")
    return tuple(open_parts[0])


class Expander:
    """Fills references in; `problems` has those that stand for nothing."""

    def __init__(self, environ: Mapping[str, str], files: Files | None = None) -> None:
        self._environ = environ
        self._files = files or Files()
        self._size = 0
        self._via: list[str] = []
        self.problems: list[Problem] = []

    def tree(self, node: Node, place: Place = ()) -> Node:
        """Return a tree with its references filled in."""
        if isinstance(node.value, dict):
            members = {name: self.tree(each, (*place, name)) for name, each in node.value.items()}
            return Node(members, node.origin, node.key)
        if isinstance(node.value, list):
            items = [self.tree(each, (*place, at)) for at, each in enumerate(node.value)]
            return Node(items, node.origin, node.key)
        if node.value is None or "$" not in node.value:
            return node
        try:
            self._via = []
            value = self._expanded(parse(node.value))
        except BadReference as error:
            self.problems.append(Problem(node.origin, f"{spelled(place)}: {error}"))
            value = Plain.of("")
        return Node(value, node.origin, node.key, tuple(dict.fromkeys(self._via)))

    def _expanded(self, parts: tuple[str | Reference, ...]) -> str | None:
        match parts:
            case (Reference() as whole,):
                return self._whole(whole)
            case _:
                return self._joined(parts)

    def _whole(self, reference: Reference) -> Plain | None:
        text, path, is_default = self._value(reference)
        return None if is_default and not text else Plain.of(text, path)

    def _joined(self, parts: Iterable[str | Reference]) -> str:
        return "".join(part if isinstance(part, str) else self._value(part)[0] for part in parts)

    def _value(self, reference: Reference) -> tuple[str, str | None, bool]:
        """Return the text, the file that it is the whole of, and whether a default was taken."""
        head, default = _split(reference.parts)
        name = self._joined(head)
        if name.startswith(_FILE):
            path = name.removeprefix(_FILE)
            return self._counted(self._file(path)), path, False
        found = _VARIABLE.fullmatch(name)
        if found is None:
            raise BadReference(f"${{{name}}} is neither a variable nor a file")
        value = self._environ.get(found[1])
        if not value and default is not None:
            return self._joined(default), None, True
        if value is None:
            raise BadReference(
                f"the variable {found[1]} is not set; ${{env:{found[1]}:-default}} gives a default"
            )
        self._via.append(found[1])
        return self._counted(value), None, False

    def _file(self, path: str) -> str:
        self._via.append(path)
        try:
            return self._files.read(path).removesuffix("\n").removesuffix("\r")
        except (OSError, ValueError) as error:
            raise BadReference(f"cannot read {path}: {why(error)}") from error

    def _counted(self, text: str) -> str:
        self._size += len(text)
        if self._size > MAX_EXPANDED:
            raise BadReference(f"references stand for more than {MAX_EXPANDED} characters")
        return text


def _split(
    parts: tuple[str | Reference, ...],
) -> tuple[tuple[str | Reference, ...], tuple[str | Reference, ...] | None]:
    """Part a name from its default."""
    if parts and isinstance(parts[0], str) and parts[0].startswith(_FILE):
        return parts, None
    for at, part in enumerate(parts):
        if isinstance(part, str) and _DEFAULT in part:
            before, _, after = part.partition(_DEFAULT)
            return (*parts[:at], before), (after, *parts[at + 1 :])
    return parts, None


def escaped(value: Value) -> Value:
    """Return a value that means itself when references are filled in."""
    if isinstance(value, dict):
        return {name: _escaped_node(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_escaped_node(each) for each in value]
    return value.replace("$", "$$") if value and "$" in value else value


def _escaped_node(node: Node) -> Node:
    return Node(escaped(node.value), node.origin, node.key)


def literal(text: str, source: str, rank: Rank) -> Node:
    """Return the value of a variable: YAML where it is a map or a list, else the text, taken as it is."""
    origin = Origin(source, rank)
    try:
        tree = parsed(text, source, rank)
    except BadConfig:
        return Node(escaped(text), origin, origin)
    if isinstance(tree.value, dict | list):
        return Node(escaped(tree.value), origin, origin)
    return Node(None if tree.value is None else Plain.of(text.replace("$", "$$")), origin, origin)
