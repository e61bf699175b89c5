"""What short flags and variables mean: `--api`, `OTEL_BRIDGE_QUEUE_SIZE` … are names for keys.

A flag is about components of a type, whatever their names: those that pipelines use. Where there is none, a
receiver or an extension is added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

from otel_bridge.config_file.nodes import Node, found, plain, replaced, with_value
from otel_bridge.config_file.problems import BadConfig, Origin, Problem, Rank
from otel_bridge.config_file.registry import type_of
from otel_bridge.config_file.security_aliases import OF_LISTENERS
from otel_bridge.profiles import KEY, KEY_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from otel_bridge.config_file.problems import Place
    from otel_bridge.config_file.registry import Kind

Keys: TypeAlias = tuple[str, ...]
QUEUE: Final = "sending_queue"
DELIVERING: Final = ("weave", "otlp_http")
"""Types of exporters that deliver from the queue."""


class Given(Struct, frozen=True):
    """The text of an option, and whether a flag said so or its variable."""

    text: str
    is_flag: bool = True


class Target(Struct, frozen=True):
    """A key of all components of some types that are used; `added`: of a new one where there is none."""

    kind: Kind
    types: tuple[str, ...]
    keys: Keys
    added: bool = False
    beside: tuple[str, ...] = ()
    """Types of exporters that a new one is for; without such an exporter there is none."""


class Applied(Struct, frozen=True):
    """The tree with what options say, and the options that nothing in it heeds."""

    tree: Node
    unheeded: Mapping[str, str]


SERVICE: Final[Mapping[str, Keys]] = {
    "data_dir": ("data_dir",),
    "shutdown_timeout": ("shutdown_timeout",),
    "usage_on_wrappers": ("translation", "usage_on_wrappers"),
    "session_threads": ("translation", "session_threads"),
    "turns": ("translation", "turns"),
    "allow_unauthenticated": ("allow_unauthenticated",),
    "log_level": ("telemetry", "logs", "level"),
    "log_format": ("telemetry", "logs", "format"),
}
"""Option → key of `service`."""

COMPONENTS: Final[Mapping[str, Target]] = {
    "otlp_http": Target("receivers", ("otlp",), ("protocols", "http", "endpoint"), added=True),
    "otlp_grpc": Target("receivers", ("otlp",), ("protocols", "grpc", "endpoint"), added=True),
    "api": Target("receivers", ("weave_api",), ("endpoint",), added=True),
    "admin": Target("extensions", ("health_check",), ("endpoint",), added=True),
    "unsupported_signals": Target("receivers", ("otlp",), ("unsupported_signals",)),
    "queue_size": Target("exporters", DELIVERING, (QUEUE, "queue_size")),
    "queue_max_age": Target("exporters", DELIVERING, (QUEUE, "max_age")),
    "queue_dir": Target("extensions", ("file_storage",), ("directory",), added=True, beside=DELIVERING),
    "queue_min_free": Target(
        "extensions", ("file_storage",), ("min_free_bytes",), added=True, beside=DELIVERING
    ),
    "dead_letter_dir": Target("exporters", DELIVERING, ("dead_letter", "directory")),
    "dead_letter_size": Target("exporters", DELIVERING, ("dead_letter", "max_bytes")),
    "retention": Target("exporters", ("store",), ("retention",)),
    "max_disk": Target("exporters", ("store",), ("max_bytes",)),
}
"""Option → key of components."""


FIRST: Final = ("upstream", "otlp_http", "otlp_grpc", "api", "auth_file")
"""Options that may add a component, which others then are about."""


def with_aliases(tree: Node, given: Mapping[str, Given], environ: Mapping[str, str]) -> Applied:
    """Return the tree with what options say. Raise BadConfig for one that makes no sense with it."""
    overlay = Overlay(tree, environ)
    unheeded = overlay.unheeded
    for name in sorted(given, key=_turn):
        option = given[name]
        overlay.say(origin_of(name, Rank.FLAG if option.is_flag else Rank.ALIAS))
        if name in SERVICE:
            overlay.put(("service", *SERVICE[name]), option.text)
        if name in COMPONENTS and not overlay.put_to(COMPONENTS[name], option.text):
            unheeded[name] = option.text
        if name in OTHERS:
            OTHERS[name](overlay, option.text)
    if overlay.problems:
        raise BadConfig(overlay.problems)
    return Applied(overlay.tree, unheeded)


def origin_of(name: str, rank: Rank = Rank.FLAG) -> Origin:
    """Name an option as people write it."""
    return Origin(f"--{name.replace('_', '-')} (or OTEL_BRIDGE_{name.upper()})", rank)


def _turn(name: str) -> int:
    """Put options that add components before those that are about them."""
    return FIRST.index(name) if name in FIRST else len(FIRST)


class Overlay:
    """A tree that options are written into."""

    def __init__(self, tree: Node, environ: Mapping[str, str]) -> None:
        self.tree = tree
        self.environ = environ
        self.problems: list[Problem] = []
        self.unheeded: dict[str, str] = {}
        self._origin = Origin("", Rank.ALIAS)

    def say(self, origin: Origin) -> None:
        """Begin with another option."""
        self._origin = origin

    def problem(self, text: str) -> None:
        """Note that the option makes no sense."""
        self.problems.append(Problem(self._origin, text))

    def put(self, place: Keys, value: str | list[str]) -> None:
        """Write a value, unless `--set` or another of higher rank did."""
        if isinstance(value, str):
            self.tree = with_value(self.tree, place, value, self._origin)
        else:
            items = [Node(each, self._origin) for each in value]
            self.tree = with_value(self.tree, place, items, self._origin)

    def remove(self, place: Keys, name: str) -> None:
        """Take a member out of a map, unless `--set` or another of higher rank put it there."""
        node = found(self.tree, place)
        if (
            node is None
            or not isinstance(node.value, dict)
            or node.value[name].origin.rank > self._origin.rank
        ):
            return
        rest = {each: member for each, member in node.value.items() if each != name}
        self.tree = replaced(self.tree, place, Node(rest, node.origin, node.key))

    def put_to(self, target: Target, text: str) -> bool:
        """Write the value of all components of some types; tell whether there are any."""
        names = self.used(target.kind, *target.types)
        wanted = not target.beside or self.used("exporters", *target.beside)
        if not names and target.added and wanted:
            self.add(target.kind, target.types[0])
            names = [target.types[0]]
        for name in names:
            self.put((target.kind, name, *target.keys), text)
        return bool(names)

    def pipelines(self, signal: str) -> list[str]:
        """Return the names of the pipelines of a signal."""
        return [name for name in self.members(("service", "pipelines")) if type_of(name) == signal]

    def used(self, kind: Kind, *types: str) -> list[str]:
        """Return the names of the components of some types that are used."""
        named = [name for place in self._lists(kind) for name in self._names(place)]
        defined = self.members((kind,))
        return [name for name in dict.fromkeys(named) if type_of(name) in types and name in defined]

    def add(self, kind: Kind, name: str) -> None:
        """Let a component be used, by every pipeline of traces."""
        if name not in self.members((kind,)):
            self.tree = with_value(self.tree, (kind, name), {}, self._origin)
        for place in self._lists(kind, "traces"):
            self.put(place, [*self._names(place), name])

    def is_written_in_a_file(self, place: Keys) -> bool:
        """Tell whether somebody wrote this on purpose, not a profile."""
        node = found(self.tree, place)
        return node is not None and node.origin.rank > Rank.PROFILE

    def _lists(self, kind: Kind, signal: str | None = None) -> list[Keys]:
        if kind == "extensions":
            return [("service", "extensions")]
        pipelines = self.members(("service", "pipelines")) if signal is None else self.pipelines(signal)
        return [("service", "pipelines", name, kind) for name in pipelines]

    def members(self, place: Place) -> list[str]:
        """Return the keys of the map at a place."""
        node = found(self.tree, place)
        return list(node.value) if node is not None and isinstance(node.value, dict) else []

    def _names(self, place: Place) -> list[str]:
        names = plain(found(self.tree, place))
        return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []

    def names(self, pipelines: Iterable[str], kind: Kind) -> list[str]:
        """Return what pipelines name, each once."""
        named = [name for one in pipelines for name in self._names(("service", "pipelines", one, kind))]
        return list(dict.fromkeys(named))


def _upstream(overlay: Overlay, url: str) -> None:
    """Send calls to a server: a sidecar's own, or one beside the store."""
    weaves = overlay.used("exporters", "weave")
    has_store = bool(overlay.used("exporters", "store"))
    said = [name for name in weaves if overlay.is_written_in_a_file(("exporters", name, "endpoint"))]
    if said and (not has_store or "weave" in weaves):
        overlay.problem("the configuration file says already where calls go")
        return
    if "weave" not in weaves:
        overlay.add("exporters", "weave")
        for key, variable in (("api_key", KEY), ("api_key_file", KEY_FILE)):
            if overlay.environ.get(variable):
                overlay.put(("exporters", "weave", "auth", key), overlay.environ[variable])
    overlay.put(("exporters", "weave", "endpoint"), url)


def _default_project(overlay: Overlay, project: str) -> None:
    for name in overlay.used("exporters", "store"):
        overlay.put(("exporters", name, "default_project"), project)
        return
    for name in overlay.used("exporters", "weave"):
        overlay.put(("exporters", name, "project"), project)
        return
    overlay.unheeded["default_project"] = project


def _logs(overlay: Overlay, text: str) -> None:
    """Take log records wherever spans come in, for each exporter that keeps them; or take none."""
    if text != "on":
        for name in overlay.pipelines("logs"):
            overlay.remove(("service", "pipelines"), name)
        return
    stores = overlay.used("exporters", "store")
    if not stores:
        overlay.problem("a sidecar keeps no calls that log records could complete")
    elif not overlay.pipelines("logs"):
        receivers = overlay.names(overlay.pipelines("traces"), "receivers")
        overlay.put(("service", "pipelines", "logs", "receivers"), receivers)
        overlay.put(("service", "pipelines", "logs", "exporters"), stores)


def _data_dir(overlay: Overlay, text: str) -> None:
    """Let a store follow the data directory."""
    for name in overlay.used("exporters", "store"):
        if found(overlay.tree, ("exporters", name, "path")) is not None:
            overlay.put(("exporters", name, "path"), text)


def _queue_size(overlay: Overlay, text: str) -> None:
    """Let the directory of the queue hold as much."""
    for name in overlay.used("extensions", "file_storage"):
        if found(overlay.tree, ("extensions", name, "max_bytes")) is not None:
            overlay.put(("extensions", name, "max_bytes"), text)


def _feature_gates(overlay: Overlay, text: str) -> None:
    """Choose gates as a Collector's flag does: names with commas between."""
    overlay.put(("service", "feature_gates"), [name for name in map(str.strip, text.split(",")) if name])


OTHERS: Final[Mapping[str, Callable[[Overlay, str], None]]] = {
    "upstream": _upstream,
    "default_project": _default_project,
    "data_dir": _data_dir,
    "queue_size": _queue_size,
    "logs": _logs,
    "feature_gates": _feature_gates,
    **OF_LISTENERS,
}
"""Option → what it does beside, or in place of, setting keys"""
