"""What the receivers hand on, and what they are told about it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from otel_bridge.receiver.signals import TRACES, Signal


class Encoding(StrEnum):
    """How an OTLP message is written down."""

    PROTOBUF = "protobuf"
    JSON = "json"


class Export(Struct, frozen=True, kw_only=True):
    """One export request of a signal, inflated but not decoded.

    `project_id` is the header `project_id` ("entity/project"), `wb_run_id` the header of that name.
    `received_ns` is the receive time, nanoseconds since the Unix epoch. `receiver` is the type of the
    receiver that took it, `transport` how: `http` or `grpc`. `projects` are globs of the projects that the
    sender may write to; None is all of them. Spans of `own_instance` (`tracing.INSTANCE`) are the bridge's
    own, come back.
    """

    body: bytes
    encoding: Encoding
    received_ns: int
    signal: Signal = TRACES
    project_id: str | None = None
    wb_run_id: str | None = None
    receiver: str = "otlp"
    projects: tuple[str, ...] | None = None
    own_instance: str | None = None
    transport: str = "http"


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of an export: `accepted` items are kept durably, `rejected` ones never will be.

    `message` tells why items were rejected, or warns (then `rejected` is 0); at most 16 KiB.
    `counts` holds further counters by name (warnings, collisions, merged calls).
    """

    accepted: int
    rejected: int = 0
    message: str = ""
    counts: dict[str, int] = {}  # msgspec copies the default for each instance


class Consume(Protocol):
    """The one call between a receiver and what keeps spans and log records."""

    async def __call__(self, export: Export) -> Outcome:
        """Return when every accepted item would survive a crash.

        Raise InvalidRequest for a body that cannot be decoded, Unavailable when nothing of it was kept and
        the client should come again, Refused when it never will be. Goes on to the end when cancelled.
        """
