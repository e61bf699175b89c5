"""Sends the bridge's own spans as OTLP/HTTP, with the client that passes on those of others.

The stock exporter would add headers of the environment, which are for the application beside the bridge.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError as NotSent
from typing import TYPE_CHECKING, Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from otel_bridge.backoff import Backoff, Retry
from otel_bridge.exporter.gzip import compress
from otel_bridge.exporter.otlp_verdict import judge_otlp
from otel_bridge.exporter.posting import Post
from otel_bridge.exporter.verdict import Again, Sent
from otel_bridge.receiver.seldom import MINUTE, Seldom
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Sequence

    import aiohttp
    from opentelemetry.sdk.trace import ReadableSpan

    from otel_bridge.exporter.verdict import Verdict
    from otel_bridge.telemetry import Telemetry
    from otel_bridge.tracing import SpanTarget

RETRY: Final = Retry(initial_interval=1.0, max_interval=5.0, multiplier=2.0)
_HEADERS: Final = {"Content-Type": "application/x-protobuf", "Accept-Encoding": "identity"}


class OwnSpanExporter(SpanExporter):  # type: ignore[misc] # the SDK is optional, so nothing is known of it
    """Encodes in the thread of the SDK's batches, and sends from the event loop that made it."""

    def __init__(self, target: SpanTarget, session: aiohttp.ClientSession, telemetry: Telemetry) -> None:
        self._target = target
        self._telemetry = telemetry
        self._post = Post(session, target.timeout_seconds)
        secret = {name: value.get_secret_value() for name, value in target.headers.items()}
        self._headers = _HEADERS | ({"Content-Encoding": "gzip"} if target.gzip else {}) | secret
        self._loop = asyncio.get_running_loop()
        self._sending: set[asyncio.Task[bool]] = set()
        self._gave_up = False
        self._minutely = Seldom(MINUTE)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Return when the spans are sent, or lost; never called from the event loop."""
        body: bytes = encode_spans(spans).SerializeToString()
        if self._gave_up:
            return SpanExportResult.FAILURE
        sent = asyncio.run_coroutine_threadsafe(
            self._deliver(compress(body) if self._target.gzip else body, len(spans)), self._loop
        )
        try:
            return SpanExportResult.SUCCESS if sent.result() else SpanExportResult.FAILURE
        except NotSent:
            return SpanExportResult.FAILURE

    async def give_up(self) -> None:
        """Send nothing more, and end what is under way."""
        self._gave_up = True
        for task in self._sending:
            task.cancel()
        if self._sending:
            await asyncio.wait(self._sending)

    async def _deliver(self, body: bytes, spans: int) -> bool:
        """Try until the spans are there or time is up."""
        task = asyncio.current_task()
        assert task is not None
        self._sending.add(task)
        try:
            verdict = await self._attempts(body)
        except asyncio.CancelledError:
            self._telemetry.note("own_spans_lost", spans)
            raise
        finally:
            self._sending.discard(task)
        lost = verdict.rejected if isinstance(verdict, Sent) else spans
        self._telemetry.note("own_spans_sent", spans - lost)
        self._telemetry.note("own_spans_lost", lost)
        if lost and self._minutely.due("lost"):
            log().warning("own_spans_lost", url=self._target.url, spans=lost, reason=_said(verdict))
        return not lost

    async def _attempts(self, body: bytes) -> Verdict:
        backoff = Backoff(RETRY)
        until = self._loop.time() + self._target.timeout_seconds
        while True:
            answer = await self._post(self._target.url, body, self._headers)
            verdict = (
                answer
                if isinstance(answer, Again)
                else judge_otlp(answer.status, answer.headers, answer.body, gzip=self._target.gzip)
            )
            if not isinstance(verdict, Again) or self._gave_up:
                return verdict
            wait = backoff.next(at_least=verdict.after)
            if self._loop.time() + wait >= until:
                return verdict
            await asyncio.sleep(wait)


def _said(verdict: Verdict) -> str:
    """Say why spans are lost, in the words of whoever did not take them."""
    said = getattr(verdict, "reason", "") or getattr(verdict, "answer", "") or getattr(verdict, "message", "")
    return str(said)[:200]
