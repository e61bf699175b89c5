"""From our errors to protocol answers: HTTP status, gRPC code, `google.rpc.Status` (the only such place).

The table is `contract/otlp-receiver.md` §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from msgspec import Struct

from otel_bridge import errors as e
from otel_bridge.receiver.base import Encoding

if TYPE_CHECKING:
    from google.protobuf.message import Message

INVALID_ARGUMENT: Final = 3
DEADLINE_EXCEEDED: Final = 4
PERMISSION_DENIED: Final = 7
RESOURCE_EXHAUSTED: Final = 8
UNAUTHENTICATED: Final = 16
UNIMPLEMENTED: Final = 12
INTERNAL: Final = 13
UNAVAILABLE: Final = 14

MESSAGE_CHARS: Final = 2_000
_TYPE: Final = "type.googleapis.com/"


class Verdict(Struct, frozen=True):
    """An HTTP status and the gRPC code of the same meaning."""

    http: int
    grpc: int


_VERDICTS: Final[tuple[tuple[type[e.BridgeError], Verdict], ...]] = (
    (e.RequestTooLarge, Verdict(413, RESOURCE_EXHAUSTED)),
    (e.TooSlow, Verdict(408, DEADLINE_EXCEEDED)),
    (e.InvalidRequest, Verdict(400, INVALID_ARGUMENT)),
    (e.Unauthenticated, Verdict(401, UNAUTHENTICATED)),
    (e.Forbidden, Verdict(403, PERMISSION_DENIED)),
    (e.UnknownPath, Verdict(404, UNIMPLEMENTED)),
    (e.NotBuilt, Verdict(501, UNIMPLEMENTED)),
    (e.RateLimited, Verdict(429, RESOURCE_EXHAUSTED)),
    (e.Retryable, Verdict(503, UNAVAILABLE)),
)
_REFUSED: Final = Verdict(500, INTERNAL)


def verdict(error: e.BridgeError) -> Verdict:
    """Say what an error is called in HTTP and gRPC."""
    return next((verdict for kind, verdict in _VERDICTS if isinstance(error, kind)), _REFUSED)


def message(error: e.BridgeError) -> str:
    """Return the text a client may see, cut to `MESSAGE_CHARS`."""
    return str(error)[:MESSAGE_CHARS].encode(errors="replace").decode()


def status_bytes(error: e.BridgeError, encoding: Encoding) -> bytes:
    """Write an error as a `google.rpc.Status` in the request's own encoding."""
    return encode_status(verdict(error).grpc, error, encoding)


def encode_status(code: int, error: e.BridgeError, encoding: Encoding) -> bytes:
    """Write a `google.rpc.Status` with a code that differs from the error's own."""
    text = message(error)
    if encoding is Encoding.JSON:
        return orjson.dumps({"code": code, "message": text} | _json_details(error, text))
    status = Status(code=code, message=text, details=[_packed(detail) for detail in _details(error, text)])
    return bytes(status.SerializeToString())


def retry_info() -> bytes:
    """Write the `google.rpc.RetryInfo` of every retryable answer."""
    return bytes(_retry().SerializeToString())


def _retry() -> RetryInfo:
    return RetryInfo(retry_delay=Duration(seconds=e.RETRY_AFTER_SECONDS))


def _details(error: e.BridgeError, text: str) -> list[Message]:
    if isinstance(error, e.InvalidRequest):
        violation = BadRequest.FieldViolation(field=error.field or "body", description=text)
        return [BadRequest(field_violations=[violation])]
    return [_retry()] if isinstance(error, e.Retryable) else []


def _packed(detail: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(detail)
    return packed


def _json_details(error: e.BridgeError, text: str) -> dict[str, object]:
    """Write the same details in protobuf's JSON mapping, without its slow writer."""
    if isinstance(error, e.InvalidRequest):
        violation = {"field": error.field or "body", "description": text}
        return {"details": [{"@type": f"{_TYPE}google.rpc.BadRequest", "fieldViolations": [violation]}]}
    if isinstance(error, e.Retryable):
        delay = f"{e.RETRY_AFTER_SECONDS}s"
        return {"details": [{"@type": f"{_TYPE}google.rpc.RetryInfo", "retryDelay": delay}]}
    return {}
