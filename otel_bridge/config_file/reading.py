"""Everything that says how a bridge is to be becomes one `BridgeConfig`.

Defaults < profile < files in their order < short variables < variables that name keys < flags < `--set`
(`contract/pipeline-config.md` §2.1). Without a file the profile `standalone` counts; with one, a profile only
if it is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from pydantic import ValidationError

from otel_bridge.config import BridgeConfig
from otel_bridge.config_file.aliases import Given, origin_of, with_aliases
from otel_bridge.config_file.applying import apply
from otel_bridge.config_file.builtin import profile_layer
from otel_bridge.config_file.checking import Components, check
from otel_bridge.config_file.document import Document
from otel_bridge.config_file.files import Files
from otel_bridge.config_file.graph import Graph, graph_of
from otel_bridge.config_file.guarding import check_exposed
from otel_bridge.config_file.layers import MAX_FILES, file_layer, named, set_layer, with_variables
from otel_bridge.config_file.nodes import Node, found, merged
from otel_bridge.config_file.problems import BadConfig, Origin, Problem, Rank
from otel_bridge.config_file.references import Expander
from otel_bridge.parsers import BadSetting
from otel_bridge.profiles import check_key_of_weave, checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from otel_bridge.config_file.service import Service

DEFAULT_PROFILE: Final = "standalone"


class Sources(Struct, frozen=True):
    """What was said: a profile by name, files, `--set` texts, and other options by name (`queue_size`)."""

    profile: str | None = None
    files: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    options: Mapping[str, Given] = {}


class Loaded(Struct, frozen=True):
    """A configuration that is right: its parts, and what runs."""

    service: Service
    components: Components
    graph: Graph
    config: BridgeConfig


def load(sources: Sources, environ: Mapping[str, str], files: Files | None = None) -> Loaded:
    """Return what everything together says. Raise BadConfig with all that is wrong, or BadSetting.

    Changes nothing but `files`, which then knows all files that the outcome depends on, whatever it is.
    """
    files = files or Files()
    document = Document(Node(None, Origin("", Rank.PROFILE)))
    expander = Expander(environ, files)
    applied = with_aliases(expander.tree(_layers(sources, environ, files)), sources.options, environ)
    document.tree = applied.tree
    _check_unheeded(applied.unheeded, document)
    right = check(document)
    service = right.service
    graph = graph_of(right.pipelines, service.extensions if service is not None else (), document)
    fields: dict[str, Any] = {}
    if service is not None and right.whole:
        fields = apply(service, right.components, graph, document)
    unfilled = {problem.origin for problem in expander.problems}
    others = [problem for problem in document.problems if problem.origin not in unfilled]
    if service is None or expander.problems or others:
        raise BadConfig([*expander.problems, *others])
    if sources.profile is not None:
        fields["profile"] = sources.profile
    fields |= applied.unheeded
    config = BridgeConfig(**fields, config_files=tuple(map(named, sources.files)), unused=graph.unused)
    check_exposed(config, document)
    if document.problems:
        raise BadConfig(document.problems)
    for upstream in config.upstreams:
        if upstream.api_key_file is not None:
            files.look(upstream.api_key_file)
    _check_weaves_key(document.tree, config)
    return Loaded(service, right.components, graph, checked(config))


def _layers(sources: Sources, environ: Mapping[str, str], files: Files) -> Node:
    """Put profile, files, variables and `--set` on top of each other."""
    if len(sources.files) > MAX_FILES:
        raise BadSetting(f"--config: more than {MAX_FILES} files")
    base: list[Node] = []
    profile = sources.profile or (None if sources.files else DEFAULT_PROFILE)
    if profile is not None:
        said = {} if "default_project" in sources.options else environ
        base.append(profile_layer(profile, said))
    found, problems = _each(lambda uri: file_layer(uri, environ, files), sources.files)
    sets, wrong = _each(set_layer, sources.sets)
    problems += wrong
    tree = _merged([*base, *found])
    try:
        tree = with_variables(tree, environ)
    except BadConfig as error:
        problems += error.found
    if problems:
        raise BadConfig(problems)
    return _merged([tree, *sets])


def _each(read: Callable[[str], Node], texts: Iterable[str]) -> tuple[list[Node], list[Problem]]:
    nodes: list[Node] = []
    problems: list[Problem] = []
    for text in texts:
        try:
            nodes.append(read(text))
        except BadConfig as error:
            problems += error.found
    return nodes, problems


def _merged(nodes: Iterable[Node]) -> Node:
    tree: Node | None = None
    for node in nodes:
        tree = node if tree is None else merged(tree, node)
    return tree or Node({}, Origin("--config", Rank.PROFILE))


def _check_unheeded(options: Mapping[str, str], document: Document) -> None:
    """Note options that are wrong, also where there is nothing that heeds them."""
    for name, text in options.items():
        try:
            BridgeConfig.model_validate({name: text})
        except ValidationError as error:
            (wrong,) = error.errors(include_url=False, include_input=False)
            document.problems.append(Problem(origin_of(name), wrong["msg"].removeprefix("Value error, ")))


def _check_weaves_key(tree: Node, config: BridgeConfig) -> None:
    """Refuse a sidecar that was told neither a server nor the key of Weave's own."""
    endpoint = found(tree, ("exporters", "weave", "endpoint"))
    if endpoint is None or endpoint.origin.rank is not Rank.PROFILE or endpoint.via:
        return
    for upstream in config.upstreams:
        if upstream.name == "weave":
            check_key_of_weave(upstream)
