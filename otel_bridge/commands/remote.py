"""Calls of a bridge that runs, over its API."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from otel_bridge.auth.own_key import advice, key_headers
from otel_bridge.commands.failing import CommandFailed, said

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT_SECONDS: Final = 60.0
PIECE_BYTES: Final = 1 << 16
JSON: Final = "application/json"
OTLP: Final = {"protobuf": "application/x-protobuf", "json": JSON}


class RemoteSource:
    """A `Source` at a URL; shows the key of `auth.own_key`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url if "//" in url else f"//{url}", scheme="http")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise CommandFailed(f"{url!r} is no address of a bridge; for example http://127.0.0.1:6345")
        self._url = f"{parts.scheme}://{parts.netloc}"
        self._path = parts.path.rstrip("/")
        self._key = key_headers()
        try:
            self._connection = _connection(parts.scheme, parts.hostname, parts.port)
        except ValueError as error:
            raise CommandFailed(f"{url!r} is no address of a bridge: {error}") from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def calls(self, body: dict[str, Any]) -> Iterator[bytes]:
        """Yield the lines of a query."""
        rest = b""
        for piece in self._stream("/calls/stream_query", body):
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines
        if rest:
            raise CommandFailed(f"the answer of {self._url} broke off")

    def count(self, body: dict[str, Any]) -> int:
        """Count the calls of a body."""
        return int(self.ask("/calls/query_stats", body)["count"])

    def spans(self, body: dict[str, Any]) -> Iterator[bytes]:
        """Yield pieces of stored spans."""
        return self._stream("/calls/spans", body)

    def stats(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer `/calls/stats`."""
        return self.ask("/calls/stats", body)

    def keep(self, route: str, body: bytes) -> None:
        """Send a write."""
        self._send(route, body, {"Content-Type": JSON}).read()

    def keep_spans(self, body: bytes, *, encoding: str, project: str | None) -> tuple[int, str]:
        """Send an OTLP request."""
        headers = {"Content-Type": OTLP[encoding]} | ({"project_id": project} if project else {})
        answer = self._send("/otel/v1/traces", body, headers).read()
        if encoding == "json":
            partial = msgspec.json.decode(answer or b"{}").get("partialSuccess") or {}
            return int(partial.get("rejectedSpans", 0)), str(partial.get("errorMessage", ""))
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2  # noqa: PLC0415 - only here

        partial = trace_service_pb2.ExportTraceServiceResponse.FromString(answer).partial_success
        return partial.rejected_spans, partial.error_message

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post a question; return its answer."""
        document: dict[str, Any] = msgspec.json.decode(b"".join(self._stream(path, body)))
        return document

    def look(self, path: str, **query: Any) -> dict[str, Any]:
        """Get an answer; members of the query that are None are left out."""
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        answer = self._send(f"{path}?{asked}", b"", {}, method="GET").read()
        document: dict[str, Any] = msgspec.json.decode(answer)
        return document

    def score(self, body: dict[str, Any], *, again: bool) -> str:
        """Ask for scores; return the id of the job."""
        path = "/calls/score?again=true" if again else "/calls/score"
        answer = self._send(path, msgspec.json.encode(body), {"Content-Type": JSON})
        answer.read()
        return answer.headers.get("X-Scoring-Job-Id") or ""

    def _stream(self, path: str, body: dict[str, Any]) -> Iterator[bytes]:
        answer = self._send(path, msgspec.json.encode(body), {"Content-Type": JSON})
        try:
            while piece := answer.read1(PIECE_BYTES):
                yield piece
        except (OSError, http.client.HTTPException) as error:
            raise CommandFailed(f"the answer of {self._url} broke off") from error
        finally:
            if not answer.isclosed():
                self._connection.close()

    def _send(
        self, path: str, body: bytes, headers: dict[str, str], *, method: str = "POST"
    ) -> http.client.HTTPResponse:
        try:
            self._connection.request(method, self._path + path, body, headers | self._key)
            answer = self._connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            other = "what answers there does not speak HTTP"
            strange = isinstance(error, http.client.BadStatusLine) and not isinstance(error, OSError)
            reason = other if strange else getattr(error, "strerror", None) or error or type(error).__name__
            raise CommandFailed(f"cannot reach a bridge at {self._url}: {reason}") from error
        if answer.status != http.client.OK:
            raise CommandFailed(
                f"{self._url} answered {answer.status}: {said(answer.read())}{advice(answer.status)}"
            )
        return answer


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    from otel_bridge.auth.own_tls import own_context  # noqa: PLC0415 - OpenSSL, for those who need it

    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=own_context())
