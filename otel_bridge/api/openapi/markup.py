"""Schemas as HTML: what a member holds, in words, and the members of an object as a table."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.api.openapi.schemas import REFS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LIMITS: Final[Mapping[str, str]] = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "characters, at least",
    "maxLength": "characters, at most",
    "minItems": "entries, at least",
    "maxItems": "entries, at most",
}


def code(text: str) -> str:
    """Return text as code."""
    return f"<code>{escape(text)}</code>"


def prose(text: str) -> str:
    """Return a description; what stands between backticks is code."""
    parts = text.split("`")
    return "".join(code(part) if at % 2 else escape(part) for at, part in enumerate(parts))


def type_of(schema: Mapping[str, Any]) -> str:
    """Say what values a schema takes."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REFS)
        return f'<a href="#schema-{escape(name)}">{escape(name)}</a>'
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(type_of, schema["anyOf"])))
    if "enum" in schema:
        return " or ".join(code(_json(value)) for value in schema["enum"])
    if "const" in schema:
        return code(_json(schema["const"]))
    return _plain_type(schema)


def _plain_type(schema: Mapping[str, Any]) -> str:
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return f"list of {', '.join(map(type_of, schema['prefixItems']))}"
        case "array":
            return f"list of {type_of(schema.get('items', {}))}"
        case "object" if isinstance(values := schema.get("additionalProperties"), dict):
            return f"object of {type_of(values)}"
        case "string" if "format" in schema:
            return f"string, {escape(schema['format'])}"
        case None:
            return "anything"
        case kind:
            return escape(str(kind))


def members(schema: Mapping[str, Any]) -> str:
    """Return the members of an object as a table; for any other schema, what it takes."""
    properties = schema.get("properties")
    if not properties:
        return f"<p>{type_of(schema)}</p>"
    required = schema.get("required", ())
    rows = "".join(_row(name, member, required=name in required) for name, member in properties.items())
    rest = "<p>No other members.</p>" if schema.get("additionalProperties") is False else ""
    return (
        "<table><thead><tr><th>Member</th><th>Holds</th><th>Meaning</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>{rest}"
    )


def _row(name: str, schema: Mapping[str, Any], *, required: bool) -> str:
    needed = ' <span class="required">required</span>' if required else ""
    notes = [prose(schema["description"])] if "description" in schema else []
    if "default" in schema:
        notes.append(f"Default {code(_json(schema['default']))}.")
    notes += [f"{words.capitalize()} {schema[limit]}." for limit, words in _LIMITS.items() if limit in schema]
    return f"<tr><td>{code(name)}{needed}</td><td>{type_of(schema)}</td><td>{' '.join(notes)}</td></tr>"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; cells are HTML."""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def pretty(value: Any) -> str:
    """Write a value as indented JSON."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
