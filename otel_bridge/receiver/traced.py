"""What the receivers say of requests: how long they took, and in own traces size and outcome."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.telemetry import RECEIVED
from otel_bridge.tracing import INSTANCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from otel_bridge.errors import BridgeError
    from otel_bridge.receiver.base import Export
    from otel_bridge.receiver.signals import Signal
    from otel_bridge.telemetry import Telemetry
    from otel_bridge.tracing import Facts, Tracing

    HttpHandler = Callable[[web.Request], Awaitable[web.Response]]
    GrpcMethod = Callable[[bytes, Any], Awaitable[bytes]]

_NAMES: Final = {
    "traces": "TraceDataReceived",
    "metrics": "MetricsDataReceived",
    "logs": "LogsDataReceived",
}
"""What a Collector calls the work of a receiver, by signal."""
_HTTP: Final[Facts] = {"transport": "http"}
_GRPC: Final[Facts] = {"transport": "grpc"}
_MARK: Final = INSTANCE.encode()
_LOOKED_AT_BYTES: Final = 64 << 10
"""Of a body: its first resource lies there, whatever the encoding."""


def over_http(handler: HttpHandler, telemetry: Telemetry, receiver: str, signal: Signal) -> HttpHandler:
    """Trace the requests of a handler, and note how long each took."""
    tracing = telemetry.tracing
    name = f"receiver/{receiver}/{_NAMES[signal.name]}"

    async def traced(request: web.Request) -> web.Response:
        start = time.perf_counter()
        try:
            with tracing.request(name, _HTTP, carrier=request.headers):
                return await handler(request)
        finally:
            telemetry.request_took(time.perf_counter() - start, transport="http")

    return traced


def over_grpc(method: GrpcMethod, telemetry: Telemetry, receiver: str, signal: Signal) -> GrpcMethod:
    """Trace the requests of a method, and note how long each took."""
    tracing = telemetry.tracing
    name = f"receiver/{receiver}/{_NAMES[signal.name]}"

    async def traced(body: bytes, context: Any) -> bytes:
        start = time.perf_counter()
        carrier = dict(context.invocation_metadata()) if tracing.on else None
        try:
            with tracing.request(name, _GRPC, carrier=carrier):
                return await method(body, context)
        finally:
            telemetry.request_took(time.perf_counter() - start, transport="grpc")

    return traced


def arrived(tracing: Tracing, export: Export) -> None:
    """Say what came; of own traces of a bridge nothing: two bridges would tell each other for ever."""
    if tracing.on:
        step = tracing.now()
        step.tell({"encoding": export.encoding.value, "bytes": len(export.body)})
        if export.body.find(_MARK, 0, _LOOKED_AT_BYTES) >= 0:
            step.forget()


def counted(tracing: Tracing, signal: Signal, outcome: str, items: int) -> None:
    """Say what became of items."""
    if tracing.on and items:
        tracing.now().tell({f"{outcome}_{RECEIVED[signal.name].replace(' ', '_')}": items})


def answered(tracing: Tracing, code: int | str, error: BridgeError | None) -> None:
    """Say what the answer was."""
    if not tracing.on:
        return
    step = tracing.now()
    step.tell({"http.response.status_code" if isinstance(code, int) else "rpc.grpc.status_code": code})
    if error is not None:
        step.failed(str(error))
