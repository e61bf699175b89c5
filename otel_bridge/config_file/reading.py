"""A configuration file becomes the fields of a `BridgeConfig`."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from otel_bridge.config_file.applying import apply
from otel_bridge.config_file.checking import checked
from otel_bridge.config_file.document import Document, FileText, read_text
from otel_bridge.config_file.problems import BadConfig, Problem, did_you_mean
from otel_bridge.config_file.schema import TYPES, Shell, WeaveApi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.config_file.problems import Place
    from otel_bridge.parsers import Strict

MAPS = ("receivers", "exporters", "extensions")


def read_config(path: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what a file says, as fields of a `BridgeConfig`; raise BadConfig with all that is wrong."""
    document = Document(path, environ)
    content = document.load(read_text(path))
    if not isinstance(content, dict):
        raise BadConfig(path, [Problem(1, "empty, or no map of receivers, exporters and service")])
    shell = checked(Shell, content, (), document)
    components = {kind: _components(kind, content.get(kind), document) for kind in MAPS}
    fields: dict[str, Any] = {}
    if shell is not None:
        fields = apply(shell.service, components, document)
    if document.problems:
        raise BadConfig(path, document.problems)
    return fields


def _components(kind: str, found: Any, document: Document) -> dict[str, Strict]:
    """Read the components of one map; those that are wrong are noted and left out."""
    read: dict[str, Strict] = {}
    if not isinstance(found, dict):
        return read
    for name, content in found.items():
        type_name = name.partition("/")[0]
        if type_name not in TYPES[kind]:
            hint = did_you_mean(type_name, TYPES[kind])
            document.problem((kind, name), f"{kind}: unknown type {type_name}{hint}")
            continue
        keys = {} if content is None else _files_named(content)
        model = TYPES[kind][type_name]
        model = resolve_name(model) if isinstance(model, str) else model
        component = checked(model, keys, (kind, name), document)
        if isinstance(component, WeaveApi):
            component = _with_scoring(component, (kind, name), document)
        if component is not None:
            read[name] = component
    return read


def _with_scoring(api: WeaveApi, place: Place, document: Document) -> WeaveApi:
    """Read what an API says about scoring; only then anything of scoring is loaded."""
    if "scoring" not in api.model_fields_set:
        return api
    from otel_bridge.scorer.settings import ScoringSettings  # noqa: PLC0415 - see above

    keys = {} if api.scoring is None else api.scoring
    return api.model_copy(update={"scoring": checked(ScoringSettings, keys, (*place, "scoring"), document)})


def _files_named(content: Any) -> Any:
    """Let a key that is a whole file be read again: `api_key` becomes `api_key_file`."""
    if isinstance(content, dict) and isinstance(auth := content.get("auth"), dict):
        key = auth.get("api_key")
        if isinstance(key, FileText):
            rest = {name: value for name, value in auth.items() if name != "api_key"}
            return {**content, "auth": {**rest, "api_key_file": key.path}}
    return content
