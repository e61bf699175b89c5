"""Where a configuration comes from: files, variables that name keys, and `--set`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from otel_bridge.config_file.files import Files, why
from otel_bridge.config_file.nodes import Node, merged
from otel_bridge.config_file.problems import BadConfig, Origin, Problem, Rank
from otel_bridge.config_file.references import literal
from otel_bridge.config_file.yaml_tree import MAX_DEPTH, parsed

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_FILES: Final = 100
"""As in the collector (`contract/pipeline-config.md` §1.2)."""
VARIABLES: Final = "OTEL_BRIDGE__"
"""How variables begin that name a key: `OTEL_BRIDGE__EXPORTERS__WEAVE__ENDPOINT`."""
_SCHEME: Final = re.compile(r"(file|env|yaml|https?):(.*)", re.DOTALL)
_NO_LETTER: Final = re.compile(r"[^A-Z0-9]")


def file_layer(uri: str, environ: Mapping[str, str], files: Files) -> Node:
    """Return what `--config` names: a path, `file:PATH`, `env:NAME` or `yaml:TEXT`. Raise BadConfig."""
    scheme, rest = _parts(uri)
    if scheme == "yaml":
        return parsed(rest, named(uri), Rank.FILE)
    if scheme == "env":
        text = environ.get(rest)
        if not text:
            raise BadConfig([Problem(Origin(uri, Rank.FILE), f"the variable {rest} is not set")])
        return parsed(text, uri, Rank.FILE)
    if scheme != "file":
        text = "a configuration is never fetched from the network; save it to a file"
        raise BadConfig([Problem(Origin(named(uri), Rank.FILE), text)])
    try:
        text = files.read(rest)
    except (OSError, ValueError) as error:
        raise BadConfig([Problem(Origin(rest, Rank.FILE), f"cannot be read: {why(error)}")]) from error
    return parsed(text, rest, Rank.FILE)


def named(uri: str) -> str:
    """Return what to call a source: its path or variable, but nothing of a text or URL that may be secret."""
    scheme, rest = _parts(uri)
    return {"file": rest, "env": uri}.get(scheme, f"--config {scheme}")


def _parts(uri: str) -> tuple[str, str]:
    found = _SCHEME.fullmatch(uri)
    return (found[1], found[2]) if found is not None else ("file", uri)


def set_layer(text: str) -> Node:
    """Return what one `--set KEY=VALUE` says; the value is YAML. Raise BadConfig."""
    key, equals, value = text.partition("=")
    key = key.strip()
    names = key.split("::") if "::" in key else key.split(".")
    source = f"--set {key}"
    origin = Origin(source, Rank.SET)
    if not equals or not all(names) or len(names) > MAX_DEPTH:
        raise BadConfig([Problem(origin, "this is no KEY=VALUE, for example exporters.weave.timeout=10s")])
    try:
        inner = parsed(value, source, Rank.SET).value
    except BadConfig:
        inner = value  # a text that YAML would take for something else, and cannot read
    return _nested(names, Node(inner, origin, origin))


def with_variables(tree: Node, environ: Mapping[str, str]) -> Node:
    """Return the tree with what the variables `OTEL_BRIDGE__…` say. Raise BadConfig."""
    problems: list[Problem] = []
    for name in sorted(environ):
        if not name.startswith(VARIABLES):
            continue
        origin = Origin(name, Rank.VARIABLE)
        parts = name.removeprefix(VARIABLES).split("__")
        try:
            place = _place(tree, parts)
        except ValueError as error:
            problems.append(Problem(origin, str(error)))
            continue
        tree = merged(tree, _nested(place, literal(environ[name], name, Rank.VARIABLE)))
    if problems:
        raise BadConfig(problems)
    return tree


def _place(tree: Node, parts: list[str]) -> list[str]:
    """Find the keys that the parts of a variable's name stand for; raise ValueError.

    Variables have neither small letters nor slashes: `WEAVE_AUDIT` is `weave/audit` where that is there.
    """
    if len(parts) > MAX_DEPTH:
        raise ValueError(f"it names a key nested deeper than {MAX_DEPTH}")
    place: list[str] = []
    here: Node | None = tree
    for part in parts:
        if not part:
            raise ValueError("it names no key: there are two underscores between keys")
        members = here.value if here is not None and isinstance(here.value, dict) else {}
        name = _key(part, members)
        place.append(name)
        here = members.get(name)
    return place


def _key(part: str, members: Mapping[str, Node]) -> str:
    small = part.lower()
    if small in members:
        return small
    alike = [name for name in members if _NO_LETTER.sub("_", name.upper()) == part.upper()]
    if len(alike) > 1:
        raise ValueError(f"{part} may be {' or '.join(alike)}")
    return alike[0] if alike else small


def _nested(names: list[str], node: Node) -> Node:
    for name in reversed(names):
        node = Node({name: node}, node.origin, node.origin)
    return node
