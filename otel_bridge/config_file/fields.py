"""The kinds of values that keys take, and how a text becomes one: models are built of these."""

from __future__ import annotations

import re
from datetime import timedelta
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    SecretStr,
    model_validator,
)

from otel_bridge.config import (
    Endpoint,
    parse_bound,
    parse_duration,
    parse_endpoint,
    parse_project,
    parse_wait,
)
from otel_bridge.config import parse_size as parse_size_or_off
from otel_bridge.config_file.nodes import Plain
from otel_bridge.config_file.yaml_tree import value_of

ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(/[^/\s]\S*)?")
"""What names a component: its type, or its type and a name."""
_NOTHING: Final = frozenset({"", "~", "null"})


class Written:
    """How a value is written in a file, as JSON Schema. Unlike pydantic's own it imports nothing at start."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema

    def __get_pydantic_json_schema__(self, _core: object, _handler: object) -> dict[str, Any]:
        return dict(self._schema)


def _endpoint(text: object) -> object:
    if not isinstance(text, str | Endpoint):
        raise ValueError("HOST:PORT is needed, for example 127.0.0.1:4318")  # noqa: TRY004 - pydantic wants it
    return parse_endpoint(text)


def _component_id(text: str) -> str:
    if ID.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no TYPE or TYPE/NAME")
    return text


ListensAt = Annotated[
    Endpoint,
    BeforeValidator(_endpoint),
    Written({"type": "string", "title": "HOST:PORT", "examples": ["127.0.0.1:4318", "[::1]:4318"]}),
]
_DURATION: Final = {"type": "string", "title": "duration", "examples": ["200ms", "1h30m", "14d"]}
_SIZE: Final = {"type": ["string", "integer"], "title": "size", "examples": ["500MB", "1GiB"]}
Wait = Annotated[timedelta, BeforeValidator(parse_wait), Written(_DURATION)]
"""A duration: `200ms`, `5s`, `1h30m`, `7d`; `0s` is one."""
Duration = Annotated[
    timedelta | None,
    BeforeValidator(parse_duration),
    Written({**_DURATION, "type": ["string", "boolean", "null"], "title": "duration or `off`"}),
]
"""A duration longer than nothing, or `off`."""
Size = Annotated[ByteSize, BeforeValidator(parse_bound), Written(_SIZE)]
"""A size: bytes, or with a unit."""
SizeOrOff = Annotated[
    ByteSize | None,
    BeforeValidator(parse_size_or_off),
    Written({**_SIZE, "type": ["string", "integer", "boolean", "null"], "title": "size or `off`"}),
]
ProjectId = Annotated[
    str,
    BeforeValidator(parse_project),
    Written({"type": "string", "title": "ENTITY/PROJECT", "examples": ["local/default"]}),
]
ComponentId = Annotated[
    str,
    AfterValidator(_component_id),
    Written({"type": "string", "title": "TYPE or TYPE/NAME", "pattern": f"^{ID.pattern}$"}),
]


class Strict(BaseModel):
    """Unknown keys are errors, and an empty map is all defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _as_keys_want(cls, given: object) -> object:
        """Make of each text what its key wants; a secret that is a whole file is read again when used."""
        if isinstance(given, Plain):
            given = value_of(given)
        if given is None:
            return {}
        if not isinstance(given, dict):
            return given
        wanted: dict[str, Any] = {}
        for name, value in given.items():
            field = cls.model_fields.get(name)
            if field is not None and f"{name}_file" in cls.model_fields and getattr(value, "path", None):
                wanted[f"{name}_file"] = value.path
            else:
                wanted[name] = as_wanted(value, Any if field is None else field.annotation)
        return wanted


def as_wanted(value: Any, annotation: Any) -> Any:
    """Make of a text, at any depth, what a type wants: the text itself, or what it means as YAML."""
    if isinstance(value, Plain):
        return _text_or_meaning(value, annotation)
    if isinstance(value, list):
        (inner,) = _arguments(annotation, list) or (Any,)
        return [as_wanted(each, inner) for each in value]
    if isinstance(value, dict) and (Any in leaves(annotation) or _arguments(annotation, dict)):
        inner = (_arguments(annotation, dict) or (str, Any))[1]
        return {name: as_wanted(each, inner) for name, each in value.items()}
    return value


def _text_or_meaning(text: Plain, annotation: Any) -> Any:
    kinds = leaves(annotation)
    if Any in kinds:
        return value_of(text)
    if str in kinds or SecretStr in kinds:
        return text
    if NoneType in kinds and text.strip() in _NOTHING:
        return None
    if any(_holds_others(leaf) for leaf in kinds):
        meant = value_of(text)
        return meant if isinstance(meant, dict | list) else text
    return text


def leaves(annotation: Any) -> list[Any]:
    """Return the types that a union or an annotated type is made of."""
    if get_origin(annotation) in {list, dict, tuple}:
        return [annotation]
    inner = get_args(annotation)
    if get_origin(annotation) is Annotated:
        inner = inner[:1]
    return [leaf for each in inner for leaf in leaves(each)] if inner else [annotation]


def _arguments(annotation: Any, container: type) -> tuple[Any, ...]:
    found = [get_args(leaf) for leaf in leaves(annotation) if get_origin(leaf) is container]
    return found[0] if found else ()


def _holds_others(leaf: Any) -> bool:
    return get_origin(leaf) in {list, dict, tuple} or (isinstance(leaf, type) and issubclass(leaf, BaseModel))
