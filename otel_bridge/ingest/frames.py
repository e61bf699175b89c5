"""What the service and its two child processes say to each other; bodies travel as they are."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from otel_bridge.ingest.examining_frames import AskPath, AskSenders, PathTold, SendersTold
from otel_bridge.ingest.repair_frames import BackedUp, BackUp, Erase, EraseStepped, Retranslate, Stepped
from otel_bridge.ingest.scoring_frames import BacklogChanged, ChangeTasks, TasksChanged
from otel_bridge.ingest.timing_frames import Synced, Worked
from otel_bridge.model.query import CallsQuery  # noqa: TC001 - msgspec reads the annotations
from otel_bridge.model.questions import Question  # noqa: TC001 - the same
from otel_bridge.queue.base import DeadCall, Lane, QueueSizes  # noqa: TC001 - the same

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX: Final = struct.Struct("<II")


# To the writer.


class ExportSpans(Struct, frozen=True, tag="export"):
    """The body is an `ExportTraceServiceRequest`; members as in `receiver.base.Export`."""

    id: int
    encoding: str
    received_ns: int
    project_id: str | None
    wb_run_id: str | None
    receiver: str = "otlp"
    projects: tuple[str, ...] | None = None
    transport: str = "http"


class ExportLogs(Struct, frozen=True, tag="export_logs"):
    """The body is an `ExportLogsServiceRequest`; members as in `receiver.base.Export`."""

    id: int
    encoding: str
    received_ns: int
    project_id: str | None
    receiver: str = "otlp"
    projects: tuple[str, ...] | None = None


class WriteCalls(Struct, frozen=True, tag="write"):
    """The body is the JSON of a write route; members as in `weave.base.Write`."""

    id: int
    route: str
    received_at: int
    project_id: str | None
    content_type: str | None = None
    projects: tuple[str, ...] | None = None


class Settle(Struct, frozen=True, tag="settle"):
    """`QueueWriter.settle`."""

    id: int
    destination: str
    lane: int
    through: int
    dead: tuple[DeadCall, ...] = ()
    damaged: tuple[int, ...] = ()


class Reconfigure(Struct, frozen=True, tag="reconfigure"):
    """The body is the JSON of `WriterSettings`: what comes behind it goes by these."""

    id: int


class Ping(Struct, frozen=True, tag="ping"):
    """Asks whether the writer makes progress."""

    id: int


# To the reader.


class OpenStore(Struct, frozen=True, tag="open"):
    """The store exists now: open it."""

    id: int
    path: str


class PlanQuery(Struct, frozen=True, tag="plan"):
    """`CallReader.plan`."""

    id: int
    query: CallsQuery
    after: bytes | None


class RenderLines(Struct, frozen=True, tag="lines"):
    """`CallReader.lines`."""

    id: int
    query: CallsQuery
    seqs: tuple[int, ...]


class FetchSpans(Struct, frozen=True, tag="spans"):
    """`CallReader.spans`."""

    id: int
    project_id: str
    seqs: tuple[int, ...]


class CountCalls(Struct, frozen=True, tag="count"):
    """`CallReader.count`."""

    id: int
    query: CallsQuery


class Ask(Struct, frozen=True, tag="ask"):
    """`CallReader.answer`."""

    id: int
    question: Question


# Back to the service.


class Exported(Struct, frozen=True, tag="exported"):
    """The spans or log records are kept; members as in `receiver.base.Outcome`."""

    id: int
    accepted: int
    rejected: int
    message: str
    counts: dict[str, int]


class Answered(Struct, frozen=True, tag="answered"):
    """A write route's answer; the body is the JSON to send."""

    id: int
    status: int
    counts: dict[str, int]


class Planned(Struct, frozen=True, tag="planned"):
    """A `Plan`."""

    id: int
    seqs: tuple[int, ...]
    after: bytes | None


class Rendered(Struct, frozen=True, tag="rendered"):
    """JSONL, or the JSON of an answer, in the body."""

    id: int


class Told(Struct, frozen=True, tag="told"):
    """The answer to a question in the body."""

    id: int


class Counted(Struct, frozen=True, tag="counted"):
    """A number of calls."""

    id: int
    count: int


class Done(Struct, frozen=True, tag="done"):
    """Yes."""

    id: int


Trouble = Literal["invalid", "not_found", "too_large", "unavailable", "refused", "timeout", "bug"]


class Failed(Struct, frozen=True, tag="failed"):
    """Nothing of request `id` was kept. `bug`: an unhandled exception, `message` is its traceback."""

    id: int
    trouble: Trouble
    message: str
    field: str | None = None
    deleted_at: str | None = None


class CannotStart(Struct, frozen=True, tag="cannot_start"):
    """The child cannot work at all; `locked`: another process has the data directory."""

    message: str
    locked: bool = False


class Ready(Struct, frozen=True, tag="ready"):
    """The child takes requests."""


class Noted(Struct, frozen=True, tag="noted"):
    """Counters to add to the service's metrics."""

    counts: dict[str, int]


class Logged(Struct, frozen=True, tag="logged"):
    """An event for the service's log."""

    level: Literal["debug", "info", "warning", "error"]
    event: str
    fields: dict[str, str | int | float]


class QueueChanged(Struct, frozen=True, tag="queue_changed"):
    """How the queue looks now: the lanes that changed, or all of them (`whole`)."""

    lanes: tuple[Lane, ...]
    sizes: QueueSizes
    whole: bool = False


Request: TypeAlias = (
    ExportSpans
    | ExportLogs
    | WriteCalls
    | Settle
    | Retranslate
    | Erase
    | BackUp
    | ChangeTasks
    | AskSenders
    | AskPath
    | Reconfigure
    | Ping
    | OpenStore
    | PlanQuery
    | RenderLines
    | FetchSpans
    | CountCalls
    | Ask
)
Written: TypeAlias = Exported | Answered | Stepped | EraseStepped | BackedUp | TasksChanged
Reply: TypeAlias = Written | Planned | Rendered | Counted | Told | Done | Failed | SendersTold | PathTold
News: TypeAlias = Noted | Logged | QueueChanged | BacklogChanged | Worked | Synced
Message: TypeAlias = Reply | CannotStart | Ready | News

_encode = msgspec.msgpack.Encoder().encode
decode_request: Final = msgspec.msgpack.Decoder(Request).decode
decode_message: Final = msgspec.msgpack.Decoder(Message).decode


def head(message: object, body_length: int) -> bytes:
    """Encode the prefix and head of a message whose body is sent right behind."""
    encoded = _encode(message)
    return PREFIX.pack(len(encoded), body_length) + encoded


def frame(message: object, body: bytes = b"") -> bytes:
    """Encode a whole message."""
    return head(message, len(body)) + body


class Cutter:
    """Cuts a stream of bytes into frames; bytes of an unfinished frame wait inside."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._want = PREFIX.size

    def feed(self, data: bytes | memoryview) -> Iterator[tuple[bytes, bytes]]:
        """Take what was received; yield (head, body) of every frame that is complete now."""
        self._buffer += data
        position, size = 0, len(self._buffer)
        with memoryview(self._buffer) as view:
            while size - position >= PREFIX.size:
                head_length, body_length = PREFIX.unpack_from(view, position)
                start = position + PREFIX.size
                end = start + head_length + body_length
                if end > size:
                    break
                yield bytes(view[start : start + head_length]), bytes(view[start + head_length : end])
                position = end
        if position:
            del self._buffer[:position]
