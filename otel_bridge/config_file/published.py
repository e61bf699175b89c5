"""The configuration as a JSON Schema (draft 2020-12), for editors and for tests.

It is made of the models: what they say in docstrings are its descriptions. Where a key wants no text, a text
with a reference in it, `${env:NAME}`, is right too.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from otel_bridge.config_file.notes import about, later_of, models_in, notes_of
from otel_bridge.config_file.registry import KINDS, TYPES, Kind
from otel_bridge.config_file.service import Shell
from otel_bridge.parsers import spelled_duration

if TYPE_CHECKING:
    from pydantic import BaseModel

DIALECT: Final = GenerateJsonSchema.schema_dialect
_REFERENCE: Final = {"type": "string", "pattern": r"\$\{.+\}"}


class _Generator(GenerateJsonSchema):
    """Writes defaults as people write values."""

    def encode_default(self, dft: Any) -> Any:
        return spelled_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def json_schema() -> dict[str, Any]:
    """Return the schema of a whole configuration."""
    roots: list[type[BaseModel]] = [Shell]
    roots += [component.model for kind in KINDS for component in TYPES[kind].values()]
    models = list(dict.fromkeys(inner for root in roots for inner in models_in(root)))
    places, made = models_json_schema(
        [(model, "validation") for model in models],
        ref_template="#/$defs/{model}",
        schema_generator=_Generator,
    )
    names = {model: places[model, "validation"]["$ref"].rpartition("/")[2] for model in models}
    definitions = dict(made["$defs"])
    for model, name in names.items():
        definitions[name] = _definition(made["$defs"][name], model)
    definitions.pop("Endpoint")
    for model, name in names.items():
        for key, where in later_of(model).items():
            loaded = definitions[name]["properties"][key]
            loaded["anyOf"] = [places[where, "validation"], *_null({"type": "object"}), *loaded["anyOf"][-1:]]
    shell = definitions.pop(names[Shell])
    for kind in KINDS:
        given = shell["properties"][kind]
        described = {key: given[key] for key in ("description", "minProperties") if key in given}
        types = {type_name: places[one.model, "validation"] for type_name, one in TYPES[kind].items()}
        shell["properties"][kind] = described | _components(kind, types)
    return {
        "$schema": DIALECT,
        **shell,
        "title": "otel-bridge",
        "$defs": {**definitions, "reference": _REFERENCE},
    }


def _components(kind: Kind, types: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of one map: each key is a type, or a type and a name; nothing is all defaults."""
    return {
        "type": ["object", "null"],
        "patternProperties": {
            f"^{name}(/[^/\\s]\\S*)?$": {
                "description": about(TYPES[kind][name].model),
                "anyOf": [where, {"type": "null"}],
            }
            for name, where in types.items()
        },
        "additionalProperties": False,
    }


def _definition(schema: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a model in which references may stand for values."""
    given, notes = schema.get("properties", {}), notes_of(model)
    properties = {}
    for name, each in given.items():
        own = each.get("title", "").upper() != name.replace("_", " ").upper()
        title = {"title": each["title"]} if own and "title" in each else {}
        said = {"description": notes[name]} if name in notes else {}
        properties[name] = {**said, **title, **_property(each)}
    return {**schema, "properties": properties, "additionalProperties": False}


def _property(schema: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {key: schema[key] for key in ("description", "default") if key in schema}
    rest = {key: value for key, value in schema.items() if key not in {*said, "title"}}
    if rest.get("format") == "password":
        rest = {"type": "string"}
    if rest == {"type": "string"}:
        return {**said, **rest}
    choices = rest["anyOf"] if set(rest) == {"anyOf"} else [rest]
    nullable = [] if any(one.get("type") == "null" for one in choices) or "const" in rest else _null(rest)
    return {**said, "anyOf": [*choices, *nullable, {"$ref": "#/$defs/reference"}]}


def _null(rest: dict[str, Any]) -> list[dict[str, Any]]:
    """Let a map be empty: that is all defaults."""
    return [{"type": "null"}] if "$ref" in rest or rest.get("type") == "object" else []
