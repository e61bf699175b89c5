"""Endpoints of our own, which Weave does not have: `/bridge/...`.

No postponed annotations here: pydantic reads them.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from pydantic import Base64Bytes, Field

from otel_bridge.store.copying import CopyAsked
from otel_bridge.store.erasure import USER_ATTRIBUTES, EraseCursor, Erasure, Phase
from otel_bridge.store.retranslation import Cursor, Retranslation
from otel_bridge.weave.checked import checked
from otel_bridge.weave.refusals import reason
from otel_bridge.weave.schema import Closed

if TYPE_CHECKING:
    from otel_bridge.api.parts import Parts

MAX_PATH_BYTES: Final = 1 << 20
"""A way is asked for with a span or a few."""

Place = Annotated[int, Field(ge=0, le=2**62)]


class CursorBody(Closed):
    """`cursor`: as a step answered it."""

    after: Place
    through: Place


class RetranslateReq(Closed):
    """The body of `/bridge/retranslate`; members as in `store.retranslation.Retranslation`.

    `since` is ISO 8601; without a zone it is UTC.
    """

    project_id: str | None = None
    since: datetime | None = None
    everything: bool = False
    restart: bool = False
    cursor: CursorBody | None = None


def retranslation(document: Any) -> tuple[Retranslation, Cursor | None]:
    """Read a question for one step; raise WriteRefused (422)."""
    body = checked(RetranslateReq, document)
    cursor = None if body.cursor is None else Cursor(body.cursor.after, body.cursor.through)
    asked = Retranslation(
        project_id=body.project_id,
        since=None if body.since is None else micros(body.since),
        everything=body.everything,
        restart=body.restart,
    )
    return asked, cursor


async def retranslate(parts: "Parts", question: tuple[Retranslation, Cursor | None]) -> bytes:
    """Do one step of a retranslation; answer `store.retranslation.Retranslated` as JSON."""
    return msgspec.json.encode(await parts.calls.retranslate(*question))


class EraseCursorBody(Closed):
    """`cursor`: as a step answered it."""

    phase: Phase
    after: Place
    through: Place


Names = Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=10_000)]
Some = Annotated[str, Field(min_length=1)]


class EraseReq(Closed):
    """The body of `/bridge/erase`; members as in `store.erasure.Erasure`, at least one of them to select."""

    project_id: str | None = None
    calls: Names = Field(default=[])
    user: Some | None = None
    user_attributes: Names = Field(default=list(USER_ATTRIBUTES))
    thread: Some | None = None
    attributes: dict[Some, str] = Field(default={})
    dry_run: bool = False
    cursor: EraseCursorBody | None = None


def erasure(document: Any) -> tuple[Erasure, EraseCursor | None]:
    """Read a question for one step; raise WriteRefused (422, and 400 for one that selects nothing)."""
    body = checked(EraseReq, document)
    at = body.cursor
    cursor = None if at is None else EraseCursor(at.phase, at.after, at.through)
    asked = Erasure(
        project_id=body.project_id,
        calls=tuple(body.calls),
        user=body.user,
        user_attributes=tuple(body.user_attributes),
        thread=body.thread,
        attributes=body.attributes,
        dry_run=body.dry_run,
    )
    if asked.is_empty:
        raise reason(400, "one of calls, user, thread and attributes must say what to erase")
    return asked, cursor


async def erase(parts: "Parts", question: tuple[Erasure, EraseCursor | None]) -> bytes:
    """Do one step of an erasure; answer `store.erasure.Erased` as JSON."""
    return msgspec.json.encode(await parts.calls.erase(*question))


class BackupReq(Closed):
    """The body of `/bridge/backup`; members as in `store.copying.CopyAsked`."""

    directory: Some
    ticket: Some
    stop: bool = False


def backup(document: Any) -> CopyAsked:
    """Read a question for one step; raise WriteRefused (422)."""
    body = checked(BackupReq, document)
    return CopyAsked(directory=body.directory, ticket=body.ticket, stop=body.stop)


async def back_up(parts: "Parts", asked: CopyAsked) -> bytes:
    """Do one step of a backup; answer `store.copying.Copied` as JSON."""
    return msgspec.json.encode(await parts.calls.back_up(asked))


class PathReq(Closed):
    """The body of `/bridge/path`: an `ExportTraceServiceRequest` as base64, and the type of receiver."""

    receiver: Literal["otlp", "weave_api"] = "otlp"
    request: Annotated[Base64Bytes, Field(max_length=MAX_PATH_BYTES)]


def path_question(document: Any) -> tuple[str, bytes]:
    """Read a question for a way; raise WriteRefused (422)."""
    body = checked(PathReq, document)
    return body.receiver, body.request


def micros(moment: datetime) -> int:
    """Return microseconds since the epoch."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
