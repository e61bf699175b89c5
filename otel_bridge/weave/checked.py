"""From bytes to a checked pydantic model: the one place that parses and validates bodies of Weave's API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from otel_bridge.weave.refusals import bad_json, no_body, reason, unprocessable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import TypeAdapter

MAX_CONTAINERS: Final = 1_000_000
"""How many objects and lists a body may hold: empty ones take thirty times their text in memory."""

_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""An escape in JSON text: a whole pair, else half of one (the group), else any other."""

ModelT = TypeVar("ModelT", bound=BaseModel)


def parse(body: bytes) -> Any:
    """Parse a JSON body, whatever its Content-Type said; raise WriteRefused (422, 413 for too many parts).

    Half of a surrogate pair becomes U+FFFD: Python programs escape text that was cut inside an emoji so, and
    one such string must not cost a batch.
    """
    if not body:
        raise no_body()
    if len(body) > MAX_CONTAINERS and body.count(b"{") + body.count(b"[") > MAX_CONTAINERS:
        raise reason(413, f"Request too large: more than {MAX_CONTAINERS} objects and lists")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "surrogate" not in error.msg:
            raise bad_json(error.pos, error.msg) from None
    try:
        return orjson.loads(_ESCAPE.sub(_without_surrogate, body))
    except orjson.JSONDecodeError as error:
        raise bad_json(error.pos, error.msg) from None


def _without_surrogate(escape: re.Match[bytes]) -> bytes:
    return escape[0] if escape[1] is None else b"\\ufffd"


def checked(model: type[ModelT], document: Any) -> ModelT:
    """Validate a parsed body against its model; raise WriteRefused (422)."""
    try:
        return model.model_validate(document, from_attributes=True)  # FastAPI's mode: it words the errors
    except ValidationError as error:
        raise unprocessable(errors_at(("body",), error)) from None


def item_errors(item_type: TypeAdapter[Any], items: list[Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the errors of a batch, item by item, so that whoever has read enough can stop."""
    for index, item in enumerate(items):
        try:
            item_type.validate_python(item, from_attributes=True)
        except ValidationError as error:
            yield from errors_at(("body", "batch", index), error)


def errors_at(place: tuple[str | int, ...], error: ValidationError) -> Iterator[Mapping[str, Any]]:
    """Yield pydantic's errors as seen from the body that holds the value at `place`."""
    for line in error.errors(include_url=False):
        yield {**line, "loc": place + line["loc"]}
