"""What a receiver is told: limits, deadlines and what it makes of other signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path

MAX_REQUEST_BYTES: Final = 64 << 20
"""OTLP's default limit, for HTTP and gRPC, on the wire and inflated (`contract/otlp-receiver.md` §0.1)."""

IN_FLIGHT_BYTES: Final = 64 << 20
"""Bytes of all requests under way. Never less than one request may have, else that one could never pass."""

UnsupportedSignals = Literal["reject", "discard"]


class Keepalive(Struct, frozen=True, kw_only=True):
    """Connections over gRPC, in seconds; None: no limit (`contract/otlp-receiver.md` §6).

    `time`, `timeout`: when a silent client is pinged, and how long it has to answer. `min_time`: how often
    clients may ping, `permit_without_stream` also while they ask nothing. The others are how long a
    connection may be idle, how long it lives, and how long requests under way have to finish after that.
    """

    max_connection_idle: float | None = None
    max_connection_age: float | None = None
    max_connection_age_grace: float | None = None
    time: float = 60.0
    timeout: float = 20.0
    min_time: float = 10.0
    permit_without_stream: bool = True


class ReceiverSettings(Struct, frozen=True, kw_only=True):
    """Limits in bytes, deadlines in seconds (`contract/otlp-receiver.md` §5).

    `max_grpc_bytes`: a request over gRPC; None: as `max_request_bytes`, which is for the others.
    `head_seconds`: from the first byte of a connection to the end of the first request's head.
    `idle_seconds`: between requests. `keep_seconds`: for keeping a batch; past it the client is told to come
    again while the work goes on. `drain_seconds`: for requests under way when the receiver stops.
    `poison_after`: how often one body may meet a bug of ours before it is refused for good and put into
    the directory `quarantine` (None: thrown away). `logs`: take the logs signal too, not traces alone.
    """

    max_request_bytes: int = MAX_REQUEST_BYTES
    max_grpc_bytes: int | None = None
    keepalive: Keepalive = Keepalive()
    in_flight_bytes: int = IN_FLIGHT_BYTES
    max_requests: int = 2048
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    keep_seconds: float = 10.0
    idle_seconds: float = 75.0
    drain_seconds: float = 10.0
    logs: bool = False
    unsupported_signals: UnsupportedSignals = "reject"
    poison_after: int = 3
    quarantine: Path | None = None
    quarantine_bytes: int = 256 << 20

    def __post_init__(self) -> None:
        if self.in_flight_bytes < max(self.max_request_bytes, self.grpc_bytes):
            raise ValueError("in_flight_bytes must not be less than max_request_bytes or max_grpc_bytes")

    @property
    def grpc_bytes(self) -> int:
        """Return how large a request over gRPC may be."""
        return self.max_request_bytes if self.max_grpc_bytes is None else self.max_grpc_bytes
