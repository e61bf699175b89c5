"""A configuration file becomes the fields of a `BridgeConfig`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from otel_bridge.config_file.applying import apply
from otel_bridge.config_file.document import Document, FileText, read_text
from otel_bridge.config_file.problems import BadConfig, Problem, did_you_mean, line_of, spelled
from otel_bridge.config_file.schema import TYPES, Shell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from otel_bridge.config_file.problems import Place
    from otel_bridge.parsers import Strict

MAPS = ("receivers", "exporters", "extensions")


def read_config(path: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what a file says, as fields of a `BridgeConfig`; raise BadConfig with all that is wrong."""
    document = Document(path, environ)
    content = document.load(read_text(path))
    if not isinstance(content, dict):
        raise BadConfig(path, [Problem(1, "empty, or no map of receivers, exporters and service")])
    shell = _checked(Shell, content, (), document)
    components = {kind: _components(kind, content.get(kind), document) for kind in MAPS}
    fields: dict[str, Any] = {}
    if shell is not None:
        fields = apply(shell.service, components, document)
    if document.problems:
        raise BadConfig(path, document.problems)
    return fields


def _components(kind: str, found: Any, document: Document) -> dict[str, Strict]:
    """Read the components of one map; those that are wrong are noted and left out."""
    checked: dict[str, Strict] = {}
    if not isinstance(found, dict):
        return checked
    for name, content in found.items():
        type_name = name.partition("/")[0]
        if type_name not in TYPES[kind]:
            hint = did_you_mean(type_name, TYPES[kind])
            document.problem((kind, name), f"{kind}: unknown type {type_name}{hint}")
            continue
        keys = {} if content is None else _files_named(content)
        component = _checked(TYPES[kind][type_name], keys, (kind, name), document)
        if component is not None:
            checked[name] = component
    return checked


def _files_named(content: Any) -> Any:
    """Let a key that is a whole file be read again: `api_key` becomes `api_key_file`."""
    if isinstance(content, dict) and isinstance(auth := content.get("auth"), dict):
        key = auth.get("api_key")
        if isinstance(key, FileText):
            rest = {name: value for name, value in auth.items() if name != "api_key"}
            return {**content, "auth": {**rest, "api_key_file": key.path}}
    return content


def _checked(model: type[Any], content: Any, place: Place, document: Document) -> Any:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            document.problems.append(_problem(model, found, place, document))
        return None


def _problem(model: type[BaseModel], found: ErrorDetails, place: Place, document: Document) -> Problem:
    inside = tuple(part for part in found["loc"] if not _is_branch(part))
    where = (*place, *inside)
    if found["type"] == "extra_forbidden":
        hint = did_you_mean(str(inside[-1]), _keys(model, inside[:-1]))
        text = f"{spelled(where)}: unknown key{hint}"
    elif found["type"] == "missing":
        text = f"{spelled(where)} is missing"
    else:
        text = f"{spelled(where)}: {found['msg'].removeprefix('Value error, ')}"
    return Problem(line_of(where, document.lines), text)


def _is_branch(part: str | int) -> bool:
    """Tell names of a union's branches, which pydantic puts into places, from keys."""
    return isinstance(part, str) and ("[" in part or "-" in part)


def _keys(model: type[BaseModel], inside: Place) -> list[str]:
    """Return the keys that a map inside a component may have."""
    here: Any = model
    for part in inside:
        field = (
            here.model_fields.get(str(part))
            if isinstance(here, type) and issubclass(here, BaseModel)
            else None
        )
        here = None if field is None else _model_of(field.annotation)
    return sorted(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []


def _model_of(annotation: Any) -> Any:
    if isinstance(annotation, type):
        return annotation
    inner = [_model_of(each) for each in getattr(annotation, "__args__", ())]
    return next((each for each in inner if isinstance(each, type) and issubclass(each, BaseModel)), None)
