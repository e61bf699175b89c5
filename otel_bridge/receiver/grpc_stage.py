"""What a gRPC server serves: methods, whose place others may take while connections stay open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import grpc
from grpc_health.v1 import health, health_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otel_bridge.receiver.grpc import OtlpGrpc
    from otel_bridge.receiver.signals import Signal


class GrpcStage(grpc.GenericRpcHandler):  # type: ignore[misc] # grpcio has no types
    """Which methods a server has now; other ones may take their place while connections stay open."""

    def __init__(self, otlp: OtlpGrpc) -> None:
        self._otlp, self._handlers = otlp, otlp.handlers()
        self._told: frozenset[Signal] = frozenset()
        self.health: Final = health.aio.HealthServicer()

    def switch(self, otlp: OtlpGrpc) -> OtlpGrpc:
        """Let other methods answer what comes from now on; return those before, which may still be busy."""
        before, self._otlp = self._otlp, otlp
        self._handlers = otlp.handlers()
        return before

    async def empty(self) -> None:
        """Return when no call is being answered."""
        await self._otlp.empty()

    def service(self, details: Any) -> Any:
        """Return what answers a call; None: there is no such method."""
        found = (each.service(details) for each in self._handlers)
        return next((handler for handler in found if handler is not None), None)

    async def tell_health(self, taken: Iterable[Signal]) -> None:
        """Say that these signals are served, and no others."""
        now = frozenset(taken)
        for signal in self._told - now:
            await self.health.set(signal.service, health_pb2.HealthCheckResponse.SERVICE_UNKNOWN)
        for signal in now - self._told:
            await self.health.set(signal.service, health_pb2.HealthCheckResponse.SERVING)
        self._told = now
