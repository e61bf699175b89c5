"""A description whose expressions end after two levels, for tools that list the cases of a schema.

`$expr` may hold itself without end, and so may a literal: whoever lists all cases of that does not come back.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

REFS = "#/components/schemas/"
LEAF = "Leaf"
"""A literal or a field."""
LEAVES = ("LiteralOperation", "GetFieldOperator")
SCALARS = [{"type": kind} for kind in ("string", "integer", "number", "boolean", "null")]


def shallow(document: dict[str, Any]) -> dict[str, Any]:
    """Let operations hold operations of leaves, and no more."""
    schemas = document["components"]["schemas"]
    nodes = {ref["$ref"].removeprefix(REFS) for ref in schemas["Operand"]["anyOf"]} - {*LEAVES}
    inner = {f"Inner{name}": _of_leaves(schemas[name]) for name in (*nodes, "ContainsSpec", "ConvertSpec")}
    literal = {
        "type": "object",
        "properties": {"$literal": {"anyOf": SCALARS}},
        "required": ["$literal"],
    }
    leaf = {"anyOf": [_ref(name) for name in LEAVES]}
    operand = {"anyOf": [*leaf["anyOf"], *(_ref(f"Inner{name}") for name in sorted(nodes))]}
    cut = schemas | inner | {"LiteralOperation": literal, LEAF: leaf, "Operand": operand}
    return document | {"components": document["components"] | {"schemas": cut}}


def _of_leaves(schema: dict[str, Any]) -> dict[str, Any]:
    text = orjson.dumps(schema).decode().replace(f'{REFS}Operand"', f'{REFS}{LEAF}"')
    return orjson.loads(re.sub(rf"{REFS}(ContainsSpec|ConvertSpec)", rf"{REFS}Inner\1", text))


def _ref(name: str) -> dict[str, str]:
    return {"$ref": REFS + name}
