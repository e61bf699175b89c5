"""What workers send, as `msgspec` reads it: trees of outcomes stay the JSON they are."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta, Struct

from otel_bridge.model.scoring import EndedCall, Outcome, Task  # noqa: TC001 - msgspec reads the annotations
from otel_bridge.model.tasks import MAX_CLAIM, MAX_LEASE_SECONDS
from otel_bridge.weave.refusals import MISSING, WriteRefused, bad_json, no_body, unprocessable

MAX_WAIT_SECONDS: Final = 30.0
"""How long a question for work may wait for some; proxies on the way give up after a minute."""

Worker = Annotated[str, Meta(min_length=1, max_length=256)]
Many = Annotated[int, Meta(ge=0, le=MAX_CLAIM)]
Seconds = Annotated[float, Meta(gt=0, le=MAX_LEASE_SECONDS)]
_PATH: Final = re.compile(r" - at `(?:key in )?\$([^`]*)`$")
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")

StructT = TypeVar("StructT", bound=Struct)


class LeaseReq(Struct, frozen=True, kw_only=True):
    """A worker asks for tasks, and for ended calls that monitors want to look at (`ended`: as many as tasks).

    `rooms` bounds the tasks of a scorer (0: none of them), `each` those of every other scorer. `keys` asks
    for exactly these tasks.
    """

    worker: Worker
    limit: Many = 100
    lease_seconds: Seconds = 60.0
    wait_seconds: Annotated[float, Meta(ge=0, le=MAX_WAIT_SECONDS)] = 0.0
    rooms: dict[str, Annotated[int, Meta(ge=0)]] = {}
    each: Annotated[int, Meta(ge=0)] | None = None
    ended: Many | None = None
    keys: list[Task] | None = None


class RenewReq(Struct, frozen=True, kw_only=True):
    """A worker is still busy with tasks."""

    worker: Worker
    tasks: list[Task]
    lease_seconds: Seconds = 60.0


class SettleReq(Struct, frozen=True, kw_only=True):
    """What became of tasks."""

    worker: Worker
    outcomes: list[Outcome]


class EnqueueReq(Struct, frozen=True, kw_only=True):
    """Tasks that monitors ask for, and the ended calls that led to them, which were looked at now."""

    tasks: list[Task] = []
    ended: list[EndedCall] = []
    again: bool = False


def seconds(length: float) -> int:
    """Return whole seconds, no fewer than were asked for."""
    return math.ceil(length)


def decoded(kind: type[StructT], body: bytes) -> StructT:
    """Read a body; raise WriteRefused (422), which names what is wrong as everywhere in the API."""
    if not body:
        raise no_body()
    try:
        return _decoded(kind, body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_json(0, str(error)) from None


def _decoded(kind: type[StructT], body: bytes) -> StructT:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _refusal(kind, body, str(error)) from None


def _refusal(kind: type[Struct], body: bytes, said: str) -> WriteRefused:
    found = msgspec.json.decode(body)
    if not isinstance(found, dict):
        return unprocessable([_wrong("model_type", ("body",), said.partition(" - at ")[0], found)])
    lacking = [
        f.encode_name for f in msgspec.structs.fields(kind) if f.required and f.encode_name not in found
    ]
    if lacking:
        return unprocessable([_wrong(MISSING, ("body", name), "Field required", found) for name in lacking])
    place = _PATH.search(said)
    steps = () if place is None else tuple(map(_step, _STEP.finditer(place[1])))
    where: Any = found
    for step in steps:
        where = where[step] if isinstance(where, dict) and step in where else None
    return unprocessable([_wrong("value_error", ("body", *steps), said.partition(" - at ")[0], where)])


def _step(found: re.Match[str]) -> str | int:
    if found[1] is not None:
        return found[1]
    return int(found[2]) if found[2].isdigit() else found[2]


def _wrong(kind: str, place: tuple[str | int, ...], text: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "loc": place, "msg": text, "input": value}
