"""The kinds of values that keys take, and how a text becomes one: models are built of these."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ByteSize,
    ConfigDict,
)

from otel_bridge.parsers import (
    Endpoint,
    parse_bound,
    parse_duration,
    parse_endpoint,
    parse_project,
    parse_size,
    parse_wait,
)
from otel_bridge.parsers import Strict as Unchanging

ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(/[^/\s]\S*)?")
"""What names a component: its type, or its type and a name."""


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
    BeforeValidator(parse_size),
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


class Strict(Unchanging):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)
