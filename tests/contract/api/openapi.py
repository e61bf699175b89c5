"""Checks a value against a schema of the published OpenAPI subset: as much of JSON Schema as it uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

SCHEMAS = orjson.loads(
    (Path(__file__).parents[2] / "fixtures" / "weave" / "openapi-subset.json").read_bytes()
)["components"]["schemas"]
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def problems(value: Any, schema: str | dict, path: str = "$") -> list[str]:
    """Return where `value` breaks the schema, by its name or itself; empty when it fits."""
    if isinstance(schema, str):
        return problems(value, SCHEMAS[schema], path)
    if "$ref" in schema:
        return problems(value, schema["$ref"].rpartition("/")[2], path)
    for union in ("anyOf", "oneOf"):
        if union in schema and all(problems(value, one, path) for one in schema[union]):
            return [f"{path} fits nothing of {union}"]
    if "type" in schema and not _is_of(value, schema["type"]):
        return [f"{path} is no {schema['type']}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{path} is not in {schema['enum']}"]
    if isinstance(value, dict):
        return _object_problems(value, schema, path)
    if isinstance(value, list) and "items" in schema:
        return [p for n, item in enumerate(value) for p in problems(item, schema["items"], f"{path}[{n}]")]
    return []


def _is_of(value: Any, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _object_problems(value: dict, schema: dict, path: str) -> list[str]:
    found = [f"{path}.{name} is missing" for name in schema.get("required", ()) if name not in value]
    known = schema.get("properties", {})
    rest = schema.get("additionalProperties", True)
    for name, member in value.items():
        if name in known:
            found += problems(member, known[name], f"{path}.{name}")
        elif rest is False:
            found.append(f"{path}.{name} is not allowed")
        elif isinstance(rest, dict):
            found += problems(member, rest, f"{path}.{name}")
    return found
