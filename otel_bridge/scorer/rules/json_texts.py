"""`valid_json` and `json_schema`: values, and texts that hold one."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.rules.base import Result, Rule, of_field, result, short, turned

if TYPE_CHECKING:
    from otel_bridge.scorer.kinds import JsonSchema, ValidJson

MAX_ERRORS: Final = 20
"""Errors of a schema that a result tells."""
_FENCE: Final = "```"
_TYPES: Final = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
}


class NoJson(ValueError):
    """A text is no JSON; `position` is the character that cannot be read."""

    def __init__(self, error: orjson.JSONDecodeError) -> None:
        super().__init__(f"no JSON: {error.msg} at line {error.lineno}, column {error.colno}")
        self.position = error.pos


def valid_json(settings: ValidJson) -> Rule:
    """Open `valid_json`."""

    def judge(value: Any) -> Result:
        try:
            tree = _read(value, fenced=settings.fenced)
        except NoJson as error:
            return result(
                f"{settings.field} is {error}", {"json_type": None, "error_position": error.position}
            )
        json_type = _TYPES.get(type(tree), "null")
        wrong = settings.expect not in {"any", json_type}
        reason = f"{settings.field} is {_named(json_type)}, not {_named(settings.expect)}" if wrong else None
        return result(reason, {"json_type": json_type, "error_position": None})

    blank = {"json_type": None, "error_position": None}
    return of_field(
        settings, blank, lambda value: turned(settings, judge(value), f"{settings.field} is JSON")
    )


def json_schema(settings: JsonSchema) -> Rule:
    """Open `json_schema`; raise Unusable for a schema that cannot be used."""
    validator = _validator(settings)

    def judge(value: Any) -> Result:
        try:
            as_json = settings.text_is == "json"
            tree = _read(value, fenced=settings.fenced) if as_json else value
        except NoJson as error:
            return result(f"{settings.field} is {error}", {"errors": []})
        try:
            errors = [
                {"path": short(_pointer(one.instance_path)), "message": short(one.message)}
                for one in islice(validator.iter_errors(tree), MAX_ERRORS)
            ]
        except ValueError as error:  # nested deeper than the validator goes
            return result(f"{settings.field} cannot be checked: {error}", {"errors": []})
        return result(_first(errors), {"errors": errors})

    def judged(value: Any) -> Result:
        return turned(settings, judge(value), f"{settings.field} is valid by the schema")

    return of_field(settings, {"errors": []}, judged)


def _validator(settings: JsonSchema) -> Any:
    import jsonschema_rs  # noqa: PLC0415 - 30 ms, only where a schema is checked

    try:
        return jsonschema_rs.validator_for(
            settings.schema_,
            retriever=_refuse,
            validate_formats=settings.check_formats,
            pattern_options=jsonschema_rs.RegexOptions(),
        )
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        message = getattr(error, "message", None) or str(error)
        raise Unusable(f"schema: {short(message)}") from error


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} is not read: a schema must hold all it refers to")


def _read(value: Any, *, fenced: bool) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(_unfenced(value) if fenced else value)
    except orjson.JSONDecodeError as error:
        raise NoJson(error) from error


def _unfenced(text: str) -> str:
    """Return what the first Markdown code block holds, the whole text when there is none."""
    _, fence, rest = text.partition(_FENCE)
    block, end, _ = rest.partition(_FENCE)
    if not fence or not end:
        return text
    language, newline, content = block.partition("\n")
    return content if newline and language.strip().isalnum() else block.removeprefix("json")


def _named(json_type: str) -> str:
    return "null" if json_type == "null" else f"{'an' if json_type[0] in 'ao' else 'a'} {json_type}"


def _pointer(path: list[str | int]) -> str:
    """Return a JSON Pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def _first(errors: list[dict[str, str]]) -> str | None:
    if not errors:
        return None
    where = f" at {errors[0]['path']}" if errors[0]["path"] else ""
    return f"{errors[0]['message']}{where}"
