"""What the writer knows for `otel-bridge doctor`: who sends, and which way a span would go."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from otel_bridge.errors import InvalidRequest
from otel_bridge.ingest.examining_frames import AskPath, AskSenders, PathTold, SendersTold
from otel_bridge.ingest.frames import Done
from otel_bridge.model.call import CompletedCall, StartedCall
from otel_bridge.translate.senders import Senders

if TYPE_CHECKING:
    from otel_bridge.ingest.frames import ExportSpans, Request, WriteCalls
    from otel_bridge.ingest.requests import Prepared
    from otel_bridge.ingest.settings import WriterSettings
    from otel_bridge.model.path import Step
    from otel_bridge.pipeline.plan import Plan
    from otel_bridge.receiver.decode.export import Seen
    from otel_bridge.translate.options import Options

WRITER_DOOR: Final = "weave_api http"
SECOND_US: Final = 1_000_000
MAX_NAME_CHARS: Final = 200


class _Client(msgspec.Struct, frozen=True):
    client_version: str = ""
    source: str = ""


class _Attributes(msgspec.Struct, frozen=True):
    weave: _Client | None = None


_attributes = msgspec.json.Decoder(_Attributes)


class Examining:
    """Takes note of what passes by, and answers."""

    def __init__(self, options: Options) -> None:
        self._senders = Senders(options)
        self._next_write = 0

    def seeing(self, request: ExportSpans) -> Seen:
        """Return what is to be told of each `ScopeSpans` of a request."""
        return partial(self._senders.see, f"{request.receiver} {request.transport}", request.received_ns)

    def wrote(self, request: WriteCalls, made: Prepared) -> Prepared:
        """Take note of who writes through the API, once a second; return what the write came to."""
        if request.received_at >= self._next_write and made.changes:
            first = made.changes[0]
            start = first.start if isinstance(first, CompletedCall) else first
            if isinstance(start, StartedCall):
                self._next_write = request.received_at + SECOND_US
                self._met(request, start)
        return made

    def _met(self, request: WriteCalls, start: StartedCall) -> None:
        try:
            client = _attributes.decode(start.attributes).weave
        except msgspec.DecodeError:
            client = None  # attributes of somebody else, in another shape
        name = "" if client is None else f"{client.source or 'weave'} {client.client_version}".strip()
        self._senders.see_writer(WRITER_DOOR, request.received_at * 1000, name[:MAX_NAME_CHARS])

    def answer(self, request: Request, body: bytes, settings: WriterSettings) -> object:
        """Answer a request that changes nothing; raise InvalidRequest for a body that is no export."""
        match request:
            case AskSenders(id=number):
                return SendersTold(number, self._senders.told())
            case AskPath(id=number, receiver=receiver):
                return PathTold(number, way(settings.pipelines, receiver, body, settings.default_project))
            case _:
                return Done(request.id)


def way(plan: Plan | None, receiver: str, body: bytes, default_project: str | None) -> tuple[Step, ...]:
    """Return the way that a body of protobuf would take; none without a plan. Raise InvalidRequest."""
    if plan is None:
        return ()
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - for those who ask
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2  # noqa: PLC0415 - the same

    from otel_bridge.pipeline.path import path  # noqa: PLC0415 - the same
    from otel_bridge.receiver.decode.project import project_of  # noqa: PLC0415 - the same

    try:
        export = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise InvalidRequest("the body is no ExportTraceServiceRequest") from error
    return path(plan, receiver, export, lambda each: project_of(each, default_project)[0])
