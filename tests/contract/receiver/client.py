"""Clients of the receivers that show what goes over the wire."""

from __future__ import annotations

import asyncio
import io
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import grpc
import orjson
from google.rpc.status_pb2 import Status

from tests.contract.receiver.bodies import JSON, PROTOBUF

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from multidict import CIMultiDictProxy

    from otel_bridge.receiver.intake import Intake
    from otel_bridge.telemetry import Telemetry
    from otel_bridge.testing import RecordingConsume

SERVICE = "/opentelemetry.proto.collector.{}.v1.{}Service/Export"
TRACES = SERVICE.format("trace", "Trace")
LOGS = SERVICE.format("logs", "Logs")
LONGEST_WAIT = 20
LARGE_BYTES = 1 << 20


class Reply(NamedTuple):
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def type(self) -> str | None:
        return self.headers.get("Content-Type")

    @property
    def error(self) -> tuple[int, str]:
        """Code and message of a `google.rpc.Status` in either encoding."""
        if self.type == JSON:
            status = orjson.loads(self.body)
            return status["code"], status["message"]
        assert self.type == PROTOBUF, (self.type, self.body)
        status = Status.FromString(self.body)
        return status.code, status.message


class Raw:
    """A connection to write bytes to, as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> bytes:
        """Read up to the end of the next head."""
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), LONGEST_WAIT)

    async def rest(self) -> bytes:
        """Read until the other side closes; a reset closes too."""
        try:
            return await asyncio.wait_for(self.reader.read(), LONGEST_WAIT)
        except ConnectionResetError:
            return b""


@asynccontextmanager
async def connected(port: int) -> AsyncGenerator[Raw]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()


def head(body_bytes: int | None, content_type: str = PROTOBUF, **headers: str) -> bytes:
    """The head of a POST to /v1/traces."""
    lines = ["POST /v1/traces HTTP/1.1", "Host: localhost", f"Content-Type: {content_type}"]
    if body_bytes is not None:
        lines.append(f"Content-Length: {body_bytes}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


class Bridge:
    """A pair of receivers before a `RecordingConsume`."""

    def __init__(
        self,
        consume: RecordingConsume,
        intake: Intake,
        session: aiohttp.ClientSession,
        ports: tuple[int, int],
    ) -> None:
        self.consume = consume
        self.intake = intake
        self.telemetry: Telemetry = intake.telemetry
        self.session = session
        self.http_port, self.grpc_port = ports

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    async def send(
        self,
        body: bytes | None,
        content_type: str | None = PROTOBUF,
        *,
        path: str = "/v1/traces",
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send these bytes over HTTP; no `Content-Type` for None."""
        data: Any = io.BytesIO(body) if body is not None and len(body) > LARGE_BYTES else body
        typed = {} if content_type is None else {"Content-Type": content_type}
        request = self.session.request(
            method,
            f"{self.url}{path}",
            data=data,
            headers=typed | dict(headers or {}),
            skip_auto_headers=("Content-Type", "Accept-Encoding"),
        )
        async with request as response:
            return Reply(response.status, response.headers, await response.read())

    async def call(self, body: bytes, method: str = TRACES, **options: Any) -> bytes:
        """Send these bytes over gRPC; raise `grpc.aio.AioRpcError` for anything but OK."""
        limits = (("grpc.max_send_message_length", -1),)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{self.grpc_port}", options=limits) as channel:
            return await channel.unary_unary(method)(body, **({"timeout": LONGEST_WAIT} | options))

    def spans(self, outcome: str, transport: str = "http", encoding: str = "protobuf") -> float:
        """How many spans were counted so."""
        labels = {"outcome": outcome, "transport": transport, "encoding": encoding}
        return self.telemetry.value("otel_bridge_receiver_spans_total", **labels)

    def log_records(self, outcome: str, transport: str = "http", encoding: str = "protobuf") -> float:
        """How many log records were counted so."""
        labels = {"outcome": outcome, "transport": transport, "encoding": encoding}
        return self.telemetry.value("otel_bridge_receiver_log_records_total", **labels)

    def requests(self, code: int | str, transport: str = "http") -> float:
        return self.telemetry.value(
            "otel_bridge_receiver_requests_total", code=str(code), transport=transport
        )

    def noted(self, name: str) -> float:
        return self.telemetry.value(f"otel_bridge_{name}_total")


async def refused(call: Any) -> grpc.aio.AioRpcError:
    """Await a call that must fail; return how."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError("the call was answered OK")


def trailers(error: grpc.aio.AioRpcError) -> dict[str, bytes]:
    return dict(error.trailing_metadata())


async def until(happened: Callable[[], bool]) -> None:
    """Wait for something only the kernel knows of, so that nothing here could be awaited."""
    async with asyncio.timeout(LONGEST_WAIT):
        while not happened():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.001)
