"""How a body is refused: the 422 and 400 answers of `contract/weave-api.md` §1.2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_ERRORS: Final = 100
"""A 422 lists this many errors; a hostile body could ask for millions."""

MAX_ECHO_BYTES: Final = 64 * 1024
"""A 422 repeats this much of the body in its `input` members; errors after that come without."""

MISSING: Final = "missing"


class WriteRefused(Permanent):
    """A body is refused whole, nothing of it is kept; `status` and the JSON `body` tell the client why."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"refused with {status}")
        self.status = status
        self.body = body


def reason(status: int, text: str) -> WriteRefused:
    """Refuse with `{"reason": text}`."""
    return WriteRefused(status, orjson.dumps({"reason": text}))


def unprocessable(errors: Iterable[Mapping[str, Any]]) -> WriteRefused:
    """Refuse with 422 and `{"detail": errors}`, as FastAPI writes them."""
    room = MAX_ECHO_BYTES
    details: list[dict[str, Any]] = []
    for error in errors:
        if len(details) == MAX_ERRORS:
            break
        echo = _echo(error["input"])
        room -= len(echo)
        shown = {"input": orjson.Fragment(echo)} if room >= 0 else {}
        context = {"ctx": error["ctx"]} if "ctx" in error else {}
        details.append(
            {"type": error["type"], "loc": list(error["loc"]), "msg": error["msg"], **shown, **context}
        )
    return WriteRefused(422, orjson.dumps({"detail": details}, default=str))


def bad_json(offset: int, message: str) -> WriteRefused:
    """Refuse a body that is not JSON; `offset` counts characters."""
    return unprocessable(
        [
            {
                "type": "json_invalid",
                "loc": ("body", offset),
                "msg": "JSON decode error",
                "input": {},
                "ctx": {"error": message},
            }
        ]
    )


def no_body() -> WriteRefused:
    """Refuse an empty body."""
    return unprocessable([{"type": MISSING, "loc": ("body",), "msg": "Field required", "input": None}])


def _echo(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # nested deeper than orjson writes: the rest of the error still helps
        return b"null"
