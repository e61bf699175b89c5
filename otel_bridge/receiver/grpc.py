"""OTLP over gRPC: `contract/otlp-receiver.md` §6.

Methods take and return bytes: what cannot be decoded is answered by us, not by the library (§0.9).
"""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias
from urllib.parse import unquote

import grpc
from grpc_health.v1 import health_pb2_grpc

from otel_bridge.auth.principal import Need
from otel_bridge.errors import (
    BridgeError,
    Forbidden,
    NotBuilt,
    RequestTooLarge,
    Retryable,
    StartError,
    Unavailable,
)
from otel_bridge.http.door import OPEN, Door
from otel_bridge.http.gate import Gate
from otel_bridge.http.listener import Bound, cannot_listen
from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.doors import stranger_at_grpc_door
from otel_bridge.receiver.grpc_stage import GrpcStage
from otel_bridge.receiver.grpc_tls import certificate_names, grpc_credentials
from otel_bridge.receiver.headers import read_context
from otel_bridge.receiver.intake import STUMBLED, Intake, Source
from otel_bridge.receiver.knocks import watch_knocks
from otel_bridge.receiver.signals import SIGNALS, Signal
from otel_bridge.receiver.status import message, retry_info, status_bytes, verdict
from otel_bridge.receiver.success import encode_success
from otel_bridge.receiver.traced import over_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from otel_bridge.auth.access import Access
    from otel_bridge.auth.principal import Principal
    from otel_bridge.auth.tls import Certificates
    from otel_bridge.http.guard import Guard
    from otel_bridge.receiver.settings import ReceiverSettings

GRPC: Final = "grpc"
HTTP_PORT: Final = 4318
SEND_BYTES: Final = 4 << 20
LAST_ANSWERS_SECONDS: Final = 1.0
"""For writing the last answers, once every request is done."""
MAX_CONCURRENT_RPCS: Final = 4096
"""More than the intake's own limit, whose answer tells clients to come again; this one does not."""

_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}

Context: TypeAlias = Any
"""`grpc.aio.ServicerContext`; grpcio has no types."""

Handle: TypeAlias = "Callable[[bytes, dict[str, str], str, Principal | None], Awaitable[bytes]]"
"""Body, metadata, client and sender of a call to the bytes of its answer."""


class OtlpGrpc:
    """The methods of one intake."""

    def __init__(self, intake: Intake, guard: Guard | None, access: Access | None = None) -> None:
        self._intake = intake
        self._guard = guard
        self._access = access
        self._gate = Gate(MAX_CONCURRENT_RPCS)

    async def empty(self) -> None:
        """Return when no call is being answered."""
        await self._gate.empty()

    async def close(self) -> None:
        """Do nothing: there is nothing to clean up."""

    def handlers(self) -> list[Any]:
        """Return the services of all signals."""
        taken = self._intake.taken
        methods = {
            signal.service: self._method(
                self._taking(signal) if signal in taken else self._unsupported(signal), signal
            )
            for signal in SIGNALS
        }
        return [
            grpc.method_handlers_generic_handler(
                service, {"Export": grpc.unary_unary_rpc_method_handler(method)}
            )
            for service, method in methods.items()
        ]

    def _method(self, handle: Handle, signal: Signal) -> Callable[[bytes, Context], Awaitable[bytes]]:
        return over_grpc(self._answering(handle), self._intake.telemetry, "otlp", signal)

    def _answering(self, handle: Handle) -> Callable[[bytes, Context], Awaitable[bytes]]:
        """Wrap a method: every error becomes a status with its details."""

        async def answer(body: bytes, context: Context) -> bytes:
            client = _client(context.peer())
            try:
                metadata = dict(context.invocation_metadata())
                self._check_origin(metadata)
                sender = None
                if self._access is not None:
                    sender = self._access.admit(metadata, certificate_names(context), Need.INGEST)
                with self._gate.enter():
                    reply = await handle(body, metadata, client, sender)
            except BridgeError as error:
                await self._abort(context, error, client)
            except Exception as error:  # noqa: BLE001 - the top of a request
                await self._intake.met_error(error, client)
                await self._abort(context, Unavailable(STUMBLED), client)
            self._intake.answered("OK", None, transport=GRPC, client=client)
            return reply

        return answer

    def _taking(self, signal: Signal) -> Handle:
        async def handle(
            body: bytes, metadata: dict[str, str], client: str, sender: Principal | None
        ) -> bytes:
            intake = self._intake
            headers = read_context(metadata)
            intake.telemetry.note("percent_encoded_headers", headers.escaped)
            with intake.admit() as admission:
                if len(body) > (most := intake.settings.grpc_bytes):  # less than when the server began
                    raise RequestTooLarge(f"the request has {len(body)} bytes; {most} is the limit")
                admission.claim.grow_to(len(body))
                export = Export(
                    body=body,
                    encoding=Encoding.PROTOBUF,
                    received_ns=time.time_ns(),
                    signal=signal,
                    project_id=headers.project_id,
                    wb_run_id=headers.wb_run_id,
                    projects=None if sender is None else sender.globs,
                    transport=GRPC,
                )
                outcome = await intake.take(export, admission, Source(GRPC, client, Encoding.PROTOBUF))
            return encode_success(outcome.rejected, outcome.message, Encoding.PROTOBUF, signal)

        return handle

    def _unsupported(self, signal: Signal) -> Handle:
        async def handle(body: bytes, _: dict[str, str], client: str, _sender: Principal | None) -> bytes:
            hint = self._intake.met_signal(signal, client)
            if self._intake.settings.unsupported_signals == "reject":
                raise NotBuilt(hint)
            count = await self._intake.count(body, Encoding.PROTOBUF, signal)
            return encode_success(count, hint if count else "", Encoding.PROTOBUF, signal)

        return handle

    def _check_origin(self, metadata: dict[str, str]) -> None:
        """Refuse web pages. A browser speaks no HTTP/2 without TLS, and grpcio hides the authority."""
        if self._guard is None or "origin" not in metadata:
            return
        try:
            self._guard.check((), (metadata["origin"],))
        except Forbidden:
            self._intake.telemetry.note("foreign_host")
            raise

    async def _abort(self, context: Context, error: BridgeError, client: str) -> NoReturn:
        """End the call with a code, its Status, and what tells clients when to come again (§0.3)."""
        code = _CODES[verdict(error).grpc]
        self._intake.answered(code.name, error, transport=GRPC, client=client)
        trailers = [("grpc-status-details-bin", status_bytes(error, Encoding.PROTOBUF))]
        if isinstance(error, Retryable):
            trailers.append(("google.rpc.retryinfo-bin", retry_info()))
        await context.abort(code, message(error), tuple(trailers))
        raise AssertionError("abort always raises")


def _client(peer: str) -> str:
    """Cut `ipv4:127.0.0.1:5000` or `ipv6:%5B::1%5D:5000` down to the address."""
    return unquote(peer.partition(":")[2].rpartition(":")[0]).strip("[]")


def _options(settings: ReceiverSettings) -> tuple[tuple[str, int], ...]:
    alive = settings.keepalive
    ages = {
        "grpc.max_connection_idle_ms": alive.max_connection_idle,
        "grpc.max_connection_age_ms": alive.max_connection_age,
        "grpc.max_connection_age_grace_ms": alive.max_connection_age_grace,
        "grpc.keepalive_time_ms": alive.time,
        "grpc.keepalive_timeout_ms": alive.timeout,
        "grpc.http2.min_recv_ping_interval_without_data_ms": alive.min_time,
    }
    return (
        ("grpc.so_reuseport", 0),  # else a second process shares the port, and half of the spans are gone
        ("grpc.max_receive_message_length", settings.grpc_bytes),
        ("grpc.max_send_message_length", SEND_BYTES),
        ("grpc.max_concurrent_streams", 100),
        ("grpc.keepalive_permit_without_calls", int(alive.permit_without_stream)),
        *((name, int(seconds * 1000)) for name, seconds in ages.items() if seconds is not None),
    )


@asynccontextmanager
async def open_grpc(
    intake: Intake,
    host: str,
    port: int,
    *,
    http_port: int = HTTP_PORT,
    door: Door = OPEN,
    stage: GrpcStage | None = None,
    drain: Callable[[], Awaitable[None]] | None = None,
) -> AsyncGenerator[Bound]:
    """Serve OTLP/gRPC, or what is on a stage, and `grpc.health.v1`; raise StartError when it cannot listen.

    Leaving awaits `drain()`, that of the intake where nothing is said. Who speaks no gRPC here is logged with
    `http_port`.
    """
    stage = stage or GrpcStage(OtlpGrpc(intake, door.guard(host), door.access))
    server = grpc.aio.server(options=_options(intake.settings), maximum_concurrent_rpcs=MAX_CONCURRENT_RPCS)
    server.add_generic_rpc_handlers((stage,))
    health_pb2_grpc.add_HealthServicer_to_server(stage.health, server)
    bound = await _bind(server, host, port, door.certificates)
    await server.start()
    try:
        await stage.tell_health(intake.taken)
        stranger = stranger_at_grpc_door(intake.telemetry, http_port)
        greets = door.certificates is None  # with TLS a server says nothing first, whoever has connected
        async with watch_knocks(bound, stranger) if greets else nullcontext():
            yield bound
    finally:
        await stage.health.enter_graceful_shutdown()
        stopping = asyncio.create_task(server.stop(intake.settings.drain_seconds))
        await (drain or intake.drain)()
        await asyncio.wait((stopping,), timeout=LAST_ANSWERS_SECONDS)
        await server.stop(None)  # connections that say nothing are waited for no longer
        await stopping


async def _bind(server: Any, host: str, port: int, certificates: Certificates | None) -> Bound:
    """Add the port. grpcio says neither why it failed nor stays silent about it: look first."""
    where = Bound(host, port)
    if port:
        await _look(host, port)
    try:
        if certificates is None:
            number = server.add_insecure_port(str(where))
        else:
            number = server.add_secure_port(str(where), grpc_credentials(certificates))
    except RuntimeError as error:
        raise StartError(f"cannot listen on {where}") from error
    if not number:
        raise StartError(f"cannot listen on {where}")
    return Bound(host, number)


async def _look(host: str, port: int) -> None:
    """Raise StartError when an address cannot be bound now."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        raise cannot_listen(host, port, error) from error
