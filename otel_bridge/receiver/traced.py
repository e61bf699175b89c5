"""What the receivers say in the bridge's own traces: a request, its size, what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.telemetry import RECEIVED
from otel_bridge.tracing import INSTANCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from otel_bridge.errors import BridgeError
    from otel_bridge.receiver.base import Export
    from otel_bridge.receiver.signals import Signal
    from otel_bridge.tracing import Tracing

    HttpHandler = Callable[[web.Request], Awaitable[web.Response]]
    GrpcMethod = Callable[[bytes, Any], Awaitable[bytes]]

_NAMES: Final = {
    "traces": "TraceDataReceived",
    "metrics": "MetricsDataReceived",
    "logs": "LogsDataReceived",
}
"""What a Collector calls the work of a receiver, by signal."""
_MARK: Final = INSTANCE.encode()
_LOOKED_AT_BYTES: Final = 64 << 10
"""Of a body: its first resource lies there, whatever the encoding."""


def over_http(handler: HttpHandler, tracing: Tracing, receiver: str, signal: Signal) -> HttpHandler:
    """Trace the requests of a handler; return it as it is while own traces are off."""
    if not tracing.on:
        return handler
    name = f"receiver/{receiver}/{_NAMES[signal.name]}"

    async def traced(request: web.Request) -> web.Response:
        with tracing.request(name, {"transport": "http"}, carrier=request.headers):
            return await handler(request)

    return traced


def over_grpc(method: GrpcMethod, tracing: Tracing, receiver: str, signal: Signal) -> GrpcMethod:
    """Trace the requests of a method; return it as it is while own traces are off."""
    if not tracing.on:
        return method
    name = f"receiver/{receiver}/{_NAMES[signal.name]}"

    async def traced(body: bytes, context: Any) -> bytes:
        with tracing.request(name, {"transport": "grpc"}, carrier=dict(context.invocation_metadata())):
            return await method(body, context)

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
