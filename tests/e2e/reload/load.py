"""Senders that keep a bridge busy over connections that stay open, and remember what was acknowledged."""

from __future__ import annotations

import http.client
import json
import threading
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import grpc

from tests.e2e.client import a_request, span_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.process import Bridge

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
SPANS = 3
NO_RETRIES = [("grpc.enable_retries", 0)]
OTLP = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}


class Load:
    """What senders have seen: the ids of acknowledged spans, and everything else that they were told."""

    def __init__(self) -> None:
        self.kept: set[str] = set()
        self.failures: list[str] = []
        self.answered = 0
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    def send(self, attempt: Callable[[], tuple[set[str], str]]) -> None:
        """Make attempts until it is stopped. An attempt returns what was kept, or what went wrong."""
        while not self._stopped.is_set():
            kept, failure = attempt()
            with self._lock:
                self.answered += 1
                self.kept |= kept
                if failure:
                    self.failures.append(failure)

    def stop(self) -> None:
        self._stopped.set()


@contextmanager
def under_load(bridge: Bridge, *, api: bool = True) -> Iterator[Load]:
    """Send OTLP over HTTP and gRPC, and ask the API, for the length of a block."""
    load = Load()
    with ExitStack() as owned:
        ways = [_http(bridge, owned), _grpc(bridge, owned)]
        if api:
            ways.append(_asking(bridge, owned))
        threads = [threading.Thread(target=load.send, args=(way,), daemon=True) for way in ways]
        for thread in threads:
            thread.start()
        try:
            yield load
        finally:
            load.stop()
            for thread in threads:
                thread.join(60)


def _http(bridge: Bridge, owned: ExitStack) -> Callable[[], tuple[set[str], str]]:
    connection = owned.enter_context(closing(_connected(bridge.http)))

    def attempt() -> tuple[set[str], str]:
        request = a_request(SPANS)
        status, body = _posted(connection, "/v1/traces", request.SerializeToString(), OTLP)
        return (set(span_ids(request)), "") if status == 200 else (set(), f"OTLP/HTTP {status} {body!r}")

    return attempt


def _grpc(bridge: Bridge, owned: ExitStack) -> Callable[[], tuple[set[str], str]]:
    channel = owned.enter_context(grpc.insecure_channel(bridge.grpc, options=NO_RETRIES))
    export = channel.unary_unary(METHOD)

    def attempt() -> tuple[set[str], str]:
        request = a_request(SPANS)
        try:
            export(request.SerializeToString(), timeout=60)
        except grpc.RpcError as error:
            return set(), f"OTLP/gRPC {error.code()} {error.details()}"
        return set(span_ids(request)), ""

    return attempt


def _asking(bridge: Bridge, owned: ExitStack) -> Callable[[], tuple[set[str], str]]:
    connection = owned.enter_context(closing(_connected(bridge.api)))
    query = json.dumps({"project_id": "local/default", "limit": 1, "columns": ["id"]}).encode()

    def attempt() -> tuple[set[str], str]:
        status, body = _posted(connection, "/calls/stream_query", query, JSON)
        return set(), "" if status == 200 else f"API {status} {body!r}"

    return attempt


def _connected(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.connect()
    connection.auto_open = 0  # a connection that the bridge closes is a failure
    return connection


def _posted(
    connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, bytes]:
    try:
        connection.request("POST", path, body, headers)
        with connection.getresponse() as answer:
            return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, repr(error).encode()
