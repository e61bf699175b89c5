"""Who knocks at the wrong door is told the right one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.http.doorman import goaway
from otel_bridge.receiver.seldom import MINUTE, Seldom
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.telemetry import Telemetry


def http2_at_http_door(telemetry: Telemetry, grpc_port: int) -> Callable[[str], bytes]:
    """Return what answers an HTTP/2 client on an HTTP/1.1 port: gRPC clients show the text they are sent."""
    text = f"400: this port speaks HTTP/1.1; OTLP/gRPC is on port {grpc_port}"
    seldom = Seldom(MINUTE)

    def answer(client: str) -> bytes:
        telemetry.note("wrong_door")
        if seldom.due("http2"):
            log().warning("wrong_door", client=client, speaks="HTTP/2 or gRPC", right_port=grpc_port)
        return goaway(text)

    return answer
