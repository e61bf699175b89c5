"""YAML as it is written: values, the line of each, and what stands for variables and files filled in.

`${env:NAME}`, `${NAME}`, `${env:NAME:-default}`, `${file:/path}` and `$$` mean what they do in the collector
(`contract/pipeline-config.md` §1.3, §2.1), but a variable that is not set and has no default is an error.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from otel_bridge.config_file.problems import BadConfig, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.config_file.problems import Place

MAX_FILE_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 32
_REFERENCE: Final = re.compile(r"\$\$|\$\{([^{}]*)\}")
_VARIABLE: Final = re.compile(r"(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_WHOLE_FILE: Final = re.compile(r"\$\{file:([^{}]+)\}")


class FileText(str):
    """The contents of a file that a value named; `path` is where it can be read again."""

    __slots__ = ("path",)
    path: str

    @classmethod
    def of(cls, path: str) -> FileText:
        """Read a file, without the newline at its end."""
        text = cls(_read(Path(path)).removesuffix("\n").removesuffix("\r"))
        text.path = path
        return text


class Document:
    """A file's values, and their lines."""

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        self.name: Final = name
        self.lines: dict[Place, int] = {}
        self.problems: list[Problem] = []
        self.content: Any = None
        self._environ = environ

    def load(self, text: str) -> Any:
        """Return the values of a YAML text; raise BadConfig when it is none."""
        try:
            loader = yaml.SafeLoader(text)
            node = loader.get_single_node()
            self.content = None if node is None else self._value(loader, node, (), 0)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = 1 if mark is None else mark.line + 1
            raise BadConfig(self.name, [Problem(line, f"this is no YAML: {error.problem}")]) from error
        except yaml.YAMLError as error:
            raise BadConfig(self.name, [Problem(1, f"this is no YAML: {error}")]) from error
        return self.content

    def defined(self, kind: str) -> list[str]:
        """Return the names of one of the file's maps."""
        return list(self.content.get(kind) or ())

    def problem(self, place: Place, text: str) -> None:
        """Note what is wrong at a place."""
        self.problems.append(Problem(self.lines.get(place, 1), text))

    def _value(self, loader: yaml.SafeLoader, node: yaml.Node, place: Place, depth: int) -> Any:
        self.lines.setdefault(place, node.start_mark.line + 1)
        if depth > MAX_DEPTH:
            self.problem(place, "nested too deep")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loader, node, place, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(loader, each, (*place, at), depth + 1) for at, each in enumerate(node.value)]
        value = loader.construct_object(node)
        return self._expanded(value, place) if isinstance(value, str) else value

    def _mapping(
        self, loader: yaml.SafeLoader, node: yaml.MappingNode, place: Place, depth: int
    ) -> dict[str, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen and name != "<<":
                self.problems.append(Problem(key.start_mark.line + 1, f"{name} is there twice"))
            seen.add(name)
        loader.flatten_mapping(node)  # merges `<<`
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            self.lines[*place, name] = key.start_mark.line + 1
            found[name] = self._value(loader, value, (*place, name), depth + 1)
        return found

    def _expanded(self, text: str, place: Place) -> str | None:
        if (whole := _WHOLE_FILE.fullmatch(text)) is not None:
            return self._file(whole[1], place)

        def filled(found: re.Match[str]) -> str:
            return "$" if found[0] == "$$" else self._reference(found[1], place)

        return _REFERENCE.sub(filled, text)

    def _file(self, path: str, place: Place) -> str:
        try:
            return FileText.of(path)
        except (OSError, ValueError) as error:
            self.problem(place, f"cannot read {path}: {_why(error)}")
            return ""

    def _reference(self, reference: str, place: Place) -> str:
        if reference.startswith("file:"):
            return self._file(reference.removeprefix("file:"), place)
        named = _VARIABLE.fullmatch(reference)
        if named is None:
            self.problem(place, f"${{{reference}}} is neither a variable nor a file")
            return ""
        value = self._environ.get(named[1]) or named[2]
        if value is None and named[1] in self._environ:
            return ""
        if value is None:
            hint = f"${{env:{named[1]}:-default}} gives a default"
            self.problem(place, f"the variable {named[1]} is not set; {hint}")
            return ""
        return value


def read_text(path: str) -> str:
    """Return a configuration file's text; raise BadConfig when it cannot be read."""
    try:
        return _read(Path(path))
    except (OSError, ValueError) as error:
        raise BadConfig(path, [Problem(1, f"cannot be read: {_why(error)}")]) from error


def _why(error: OSError | ValueError) -> str:
    """Say why a file was not read: by the system's word, or because it is too large or no UTF-8."""
    return getattr(error, "strerror", None) or "it is not a text file"


def _read(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        text = file.read(MAX_FILE_BYTES + 1)
    if len(text) > MAX_FILE_BYTES:
        raise ValueError(f"more than {MAX_FILE_BYTES} characters")
    return text
