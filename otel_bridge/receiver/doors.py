"""Who knocks at the wrong door is told the right one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.http.doorman import sent_away
from otel_bridge.receiver.seldom import MINUTE, Seldom
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.telemetry import Telemetry


def http2_at_http_door(telemetry: Telemetry, grpc_port: Callable[[], int]) -> Callable[[str], bytes]:
    """Return what answers an HTTP/2 client on an HTTP/1.1 port."""
    seldom = Seldom(MINUTE)

    def answer(client: str) -> bytes:
        telemetry.note("wrong_door")
        port = grpc_port()
        if seldom.due("http2"):
            log().warning("wrong_door", client=client, speaks="HTTP/2 or gRPC", right_port=port)
        return sent_away(f"this port speaks HTTP/1.1; OTLP/gRPC is on port {port}")

    return answer


def stranger_at_grpc_door(telemetry: Telemetry, http_port: int) -> Callable[[str], None]:
    """Return what notes a client on the gRPC port that did not speak HTTP/2."""
    seldom = Seldom(MINUTE)

    def note(client: str) -> None:
        telemetry.note("wrong_door")
        if seldom.due("stranger"):
            log().warning("wrong_door", client=client, speaks="no gRPC; OTLP/HTTP?", right_port=http_port)

    return note
