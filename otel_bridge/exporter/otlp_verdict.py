"""What an answer of an OTLP receiver means for the spans that were sent (`contract/otlp-receiver.md` §3, §4).

Pure. 429, 502, 503 and 504 are sent again; what the request itself is at fault for is refused; what a person
must change first (key, path, method) holds the spans, rather than losing them.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from msgspec import Struct
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otel_bridge.exporter.verdict import Again, Held, Refused, Sent, TooLarge, first_words, retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.exporter.verdict import Verdict

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
HTML: Final = "text/html"

_SUCCESS: Final = range(200, 300)
_AGAIN: Final = frozenset({429, 502, 503, 504})
_HELD: Final = frozenset({401, 402, 403, 404, 405, 406, 407, 415, 421, 426, 451, 511})
_OTHERS: Final = range(400, 600)


class _PartialSuccess(Struct, frozen=True, rename="camel"):
    rejected_spans: int = 0
    error_message: str = ""


class _Response(Struct, frozen=True, rename="camel"):
    partial_success: _PartialSuccess | None = None


_response: Final = msgspec.json.Decoder(_Response, strict=False)  # 64-bit numbers are strings in OTLP/JSON
_status: Final = msgspec.json.Decoder(dict[str, Any])


def judge_otlp(status: int, headers: Mapping[str, str], body: bytes, *, gzip: bool = False) -> Verdict:
    """Return what an answer means; `gzip`: the body was compressed.

    A success whose body is not OTLP's although its type says so, or that is a web page, is no success: what
    answered may be a proxy.
    """
    kind = (headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if status in _SUCCESS:
        sent = _sent(kind, body)
        if sent is None:
            return Again(f"answered {status} with a body that is not OTLP: {first_words(body)}", status)
        return sent
    answer = _words(kind, body)
    after = retry_after(headers.get("Retry-After"))
    said = f"answered {status}: {answer}"
    if status in _AGAIN:
        return Again(said, status, after)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLarge(status, answer)
    if status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE and gzip:
        return Again(said, status, coding=True)
    if status in _OTHERS and status not in _HELD:
        return Refused(status, answer)
    return Held(said, status, after)


def _sent(kind: str, body: bytes) -> Sent | None:
    """Read a success; None when it is none."""
    try:
        if not body:
            return Sent()
        if kind == PROTOBUF:
            partial = ExportTraceServiceResponse.FromString(body).partial_success
            return Sent(max(0, partial.rejected_spans), partial.error_message)
        if kind == JSON:
            said = _response.decode(body).partial_success or _PartialSuccess()
            return Sent(max(0, said.rejected_spans), said.error_message)
    except (DecodeError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return None if kind == HTML else Sent()


def _words(kind: str, body: bytes) -> str:
    """Return what an answer says: the message of its `google.rpc.Status`, else its beginning."""
    try:
        if kind == PROTOBUF:
            message = str(Status.FromString(body).message)
        elif kind == JSON:
            message = str(_status.decode(body).get("message") or "")
        else:
            message = ""
    except (DecodeError, msgspec.DecodeError, UnicodeDecodeError):
        message = ""
    return first_words(message.encode() or body)
