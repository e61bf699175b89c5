"""How an exception in a child process is told to the service."""

from __future__ import annotations

from otel_bridge.errors import (
    BridgeError,
    InvalidRequest,
    NotFound,
    QueryTimeout,
    Refused,
    RequestTooLarge,
    Retryable,
)
from otel_bridge.ingest import frames


def failure(number: int, error: BaseException, traceback: str) -> frames.Failed:
    """Say why nothing of request `number` was kept."""
    match error:
        case InvalidRequest(field=field):
            return frames.Failed(number, "invalid", str(error), field)
        case NotFound(deleted_at=deleted_at):
            return frames.Failed(number, "not_found", str(error), deleted_at=deleted_at)
        case RequestTooLarge():
            return frames.Failed(number, "too_large", str(error))
        case Refused():
            return frames.Failed(number, "refused", str(error))
        case QueryTimeout():
            return frames.Failed(number, "timeout", str(error))
        case Retryable():
            return frames.Failed(number, "unavailable", str(error))
        case BridgeError():
            return frames.Failed(number, "invalid", str(error))
        case _:
            return frames.Failed(number, "bug", traceback)
