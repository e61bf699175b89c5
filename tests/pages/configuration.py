"""Writes docs/configuration.md from the models of files: `python -m tests.pages.configuration`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.config_file.builtin import PROFILES, text_of
from otel_bridge.config_file.notes import about
from otel_bridge.config_file.published import json_schema
from otel_bridge.config_file.registry import KINDS, TYPES
from tests.pages import configuration_prose as prose
from tests.pages.markdown import flowing, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_bridge.config_file.registry import Kind

PAGE: Final = Path(__file__).parents[2] / "docs" / "configuration.md"
REFERENCE: Final = "#/$defs/reference"


def page() -> str:
    """Return the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from (flowing(prose.HEAD), "", "## Commands", "")
    yield from table(("Command", "Does"), ((f"`{name}`", text) for name, text in prose.COMMANDS))
    yield from ("## Who wins", "", prose.ORDER_HEAD, "")
    yield from (f"{number}. {text}" for number, text in enumerate(prose.ORDER, 1))
    yield from (
        "",
        flowing(prose.ORDER_FOOT),
        "",
        "## How files are merged",
        "",
        flowing(prose.MERGING),
        "",
    )
    yield from ("## Variables and files in values", "", prose.REFERENCES, "")
    yield from table(("Written", "Stands for"), prose.REFERENCE_ROWS)
    yield from (flowing(prose.REFERENCES_FOOT), "", "## Values", "")
    yield from table(("Kind", "Written"), prose.VALUES)
    yield from (flowing(prose.LIMITS), "", "## Pipelines", "", flowing(prose.PIPELINES), "")
    schema = json_schema()
    for kind in KINDS:
        yield from _kind(kind, schema)
    yield from ("## service", "")
    yield from _keys(schema["$defs"]["Service"], schema)
    yield from ("## Profiles", "", flowing(prose.PROFILES), "")
    for name in PROFILES:
        yield from (f"### `{name}`", "", "```yaml", text_of(name).rstrip(), "```", "")


def _kind(kind: Kind, schema: dict[str, Any]) -> Iterator[str]:
    if not TYPES[kind]:
        return
    yield from (f"## {kind}", "")
    for name, component in TYPES[kind].items():
        stability = ", ".join(f"{signal} {settled}" for signal, settled in component.signals.items())
        yield from (f"### `{name}`", "", f"{about(component.model)} ({stability or component.settled})", "")
        patterns = schema["properties"][kind]["patternProperties"]
        (described,) = (each for pattern, each in patterns.items() if pattern.startswith(f"^{name}("))
        yield from _keys(_definition(described["anyOf"][0]["$ref"], schema), schema)


def _keys(definition: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    yield from table(("Key", "Takes", "Default", "Means"), _rows(definition, schema, ""))


def _rows(definition: dict[str, Any], schema: dict[str, Any], before: str) -> Iterator[tuple[str, ...]]:
    """The rows of a map: of maps inside it, theirs, with dots between."""
    needed = definition.get("required", ())
    for name, key in definition["properties"].items():
        inner = [one["$ref"] for one in key.get("anyOf", ()) if one.get("$ref", REFERENCE) != REFERENCE]
        each = key.get("anyOf", [{}])[0].get("additionalProperties", {})
        if inner and "](" in key.get("description", ""):
            yield f"`{before}{name}`", "map", "", key["description"]  # with a page of its own
        elif inner and _definition(inner[0], schema)["properties"]:
            yield from _rows(_definition(inner[0], schema), schema, f"{before}{name}.")
        elif isinstance(each, dict) and "$ref" in each:
            yield from _rows(_definition(each["$ref"], schema), schema, f"{before}{name}.NAME.")
        else:
            default = "needed" if name in needed else _shown(key.get("default"))
            yield f"`{before}{name}`", _takes(key), default, key.get("description", "")
            for item in () if "](" in key.get("description", "") else _items(key):
                yield from _rows(_definition(item, schema), schema, f"{before}{name}[].")


def _items(key: dict[str, Any]) -> list[str]:
    """Return the models of the maps that a list takes."""
    lists = [one["items"] for one in key.get("anyOf", [key]) if one.get("type") == "array"]
    return [
        one["$ref"]
        for items in lists
        for one in items.get("anyOf", [items])
        if one.get("$ref", REFERENCE) != REFERENCE
    ]


def _definition(reference: str, schema: dict[str, Any]) -> dict[str, Any]:
    return schema["$defs"][reference.rpartition("/")[2]]


def _takes(key: dict[str, Any]) -> str:
    if "title" in key:
        return str(key["title"])
    choices = [one for one in key.get("anyOf", [key]) if one.get("$ref") != REFERENCE]
    said = [_choice(one) for one in choices if one.get("type") != "null"]
    return " or ".join(dict.fromkeys(said))


def _choice(one: dict[str, Any]) -> str:
    values = one.get("enum") or ([one["const"]] if "const" in one else None)
    if values is not None:
        return ", ".join(f"`{value}`" for value in values)
    if "title" in one:
        return str(one["title"])
    if one.get("type") == "array":
        return f"list of {_several(one['items'])}"
    if one.get("type") == "object" or "$ref" in one:
        return "map"
    if "type" not in one:
        return "anything"
    words = {"string": "text", "integer": "whole number", "boolean": "`true`, `false`", "number": "number"}
    least, most = one.get("minimum"), one.get("maximum")
    return words[one["type"]] + (f", {least:g} to {most:g}" if least is not None and most is not None else "")


def _several(items: dict[str, Any]) -> str:
    choices = [one for one in items.get("anyOf", [items]) if one.get("$ref") != REFERENCE]
    said = " or ".join(dict.fromkeys(map(_choice, choices)))
    return {"map": "maps", "text": "texts", "text or map": "texts or maps"}.get(said, said)


def _shown(default: object) -> str:
    match default:
        case None:
            return ""
        case bool():
            return f"`{str(default).lower()}`"
        case []:
            return "none"
        case _:
            return f"`{default}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
