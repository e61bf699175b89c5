"""JSON Schemas of the models, named and worded as Weave publishes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from otel_bridge.api.openapi.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic_core import core_schema

REFS: Final = "#/components/schemas/"
_BODY: Final = "Body"
"""How our models of parts end whose published names belong to other classes: `CallsFilterBody`."""


class Published(GenerateJsonSchema):
    """As Weave publishes: a union is told by its members, without a word on how."""

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> dict[str, Any]:
        """Write the union of operators as `anyOf`."""
        found = super().tagged_union_schema(schema)
        found["anyOf"] = found.pop("oneOf")
        found.pop("discriminator", None)
        return found


def components(names: Iterable[str]) -> dict[str, Any]:
    """Return the schemas of these models and of all they hold, by their published names."""
    inputs: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        (name, "validation", TypeAdapter(MODELS[name])) for name in sorted(set(names))
    ]
    found, document = TypeAdapter.json_schemas(
        inputs, schema_generator=Published, ref_template=f"{REFS}{{model}}"
    )
    schemas = dict(document.get("$defs", {}))
    for (name, _), schema in found.items():
        if schema != {"$ref": f"{REFS}{name}"}:
            schemas[str(name)] = schema
    return {published(name): _plain(schemas[name]) for name in sorted(schemas)}


def query_parameters(name: str) -> list[dict[str, Any]]:
    """Return the members of a model as the parameters that a URL's query has."""
    schema = components((name,))[published(name)]
    return [_query_parameter(one, told, schema) for one, told in schema["properties"].items()]


def _query_parameter(name: str, told: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    """Describe one; one that may be null may be left out, for a URL knows no null."""
    kept = {key: value for key, value in told.items() if key not in {"anyOf", "description", "examples"}}
    for branch in told.get("anyOf", ()):
        kept |= {} if branch == {"type": "null"} else branch
    parameter = {
        "name": name,
        "in": "query",
        "required": name in model.get("required", ()),
        "description": told["description"],
        "schema": kept,
    }
    return parameter | ({"example": told["examples"][0]} if "examples" in told else {})


def published(name: str) -> str:
    """Return the published name of a model."""
    return name.removesuffix(_BODY)


def reference(name: str) -> dict[str, str]:
    """Refer to a component by its model's name."""
    return {"$ref": f"{REFS}{published(name)}"}


def _plain(schema: Any) -> Any:
    """Leave out pydantic's titles and the defaults that are null; use the published names."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        name: _members(value) if name in {"properties", "patternProperties"} else _plain(value)
        for name, value in schema.items()
        if name != "title" and not (name == "default" and value is None)
    }
    if "$ref" in schema:
        kept["$ref"] = published(schema["$ref"])
    return kept


def _members(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(schema) for name, schema in members.items()}
