"""How own spans are made and sent: in this process, to a receiver that answers as it likes."""

from __future__ import annotations

import asyncio
import ssl
import threading
from contextlib import asynccontextmanager

import pytest
import structlog
import trustme
from aiohttp import web
from pydantic import SecretStr

from otel_bridge.exporter.settings import TlsSettings
from otel_bridge.service.own_traces import open_own_traces
from otel_bridge.telemetry import Telemetry
from otel_bridge.tracing import INSTANCE, SpanTarget, TraceSettings
from tests.integration.otlp.sink import listening

PARENT = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
NOT_KEPT = PARENT[:-1] + "0"
PATIENCE = 60


@pytest.fixture
def sink():
    with listening() as sink:
        yield sink


def to(sink, **more) -> SpanTarget:
    said = {"url": f"{sink.url}/v1/traces", "tls": TlsSettings(), "delay_seconds": 3600.0} | more
    return SpanTarget(**said)


async def told(sink, work, *, seconds: float = PATIENCE, telemetry=None, **settings) -> list:
    """Trace some work until nothing waits; return the spans that arrived."""
    settings = {"targets": (to(sink),)} | settings
    opening = open_own_traces(TraceSettings(**settings), telemetry or Telemetry(), lambda: seconds)
    async with opening as tracing:
        await asyncio.to_thread(work, tracing)
    return [span for request in sink.taken for span in request.spans]


def a_request(tracing, carrier=None) -> None:
    with tracing.request("request", {"size": 3}, carrier=carrier) as step:
        step.tell({"kept": True})


async def test_what_waits_is_sent_at_the_end(sink):
    (span,) = await told(sink, a_request)
    assert span.name == "request"
    assert {pair.key for pair in span.attributes} == {"size", "kept"}


async def test_every_span_names_the_process_whatever_the_resource_is_told(sink):
    await told(sink, a_request, resource={"service.name": None, "team": "search"})
    resource = {
        pair.key: pair.value.string_value for pair in sink.taken[0].body.resource_spans[0].resource.attributes
    }
    assert resource["team"] == "search"
    assert "service.name" not in resource
    assert len(resource[INSTANCE]) == 36


async def test_a_trace_of_a_request_begins_anew(sink):
    (span,) = await told(sink, lambda tracing: a_request(tracing, {"traceparent": PARENT}))
    assert span.parent_span_id == b""
    assert span.trace_id.hex() != PARENT[3:35]


async def test_with_tracecontext_the_trace_of_a_request_goes_on(sink):
    (span,) = await told(sink, lambda one: a_request(one, {"traceparent": PARENT}), continues=True)
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (PARENT[3:35], PARENT[36:52])


async def test_a_trace_that_its_sender_does_not_keep_is_not_kept_here(sink):
    def work(tracing):
        a_request(tracing, {"traceparent": NOT_KEPT})
        a_request(tracing, {"traceparent": PARENT})

    assert len(await told(sink, work, continues=True)) == 1


async def test_a_ratio_keeps_some_traces_and_none_in_part(sink):
    def work(tracing):
        for number in range(200):
            with tracing.request("request"), tracing.asking(number):
                tracing.worked([(number, 1, 2)], (2, 3))

    spans = await told(sink, work, ratio=0.5)
    traces = {span.trace_id for span in spans}
    assert 0 < len(traces) < 200
    assert len(spans) == 3 * len(traces)


async def test_nothing_is_kept_with_a_ratio_of_none(sink):
    assert await told(sink, a_request, ratio=0.0) == []


async def test_work_in_which_nothing_happened_is_not_told_of(sink):
    def work(tracing):
        with tracing.work("idle", {"exporter": "weave"}):
            pass
        with tracing.work("busy") as step:
            step.happened("sent", {"calls": 1})

    assert [span.name for span in await told(sink, work)] == ["busy"]


async def test_what_fails_says_the_kind_of_error_and_nothing_of_what_it_said(sink):
    def work(tracing):
        with pytest.raises(ValueError, match="personal"), tracing.request("request"):
            raise ValueError("personal data")

    (span,) = await told(sink, work)
    assert span.status.message == "ValueError"
    assert b"personal" not in span.SerializeToString()


async def test_what_another_process_did_is_told_of_with_its_own_times(sink):
    def work(tracing):
        tracing.done("scorer/x", 1_000, 2_000, {"attempt": 1}, failed="the scorer failed")

    (span,) = await told(sink, work)
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (1_000, 2_000)
    assert span.status.message == "the scorer failed"


async def test_keys_are_sent_and_bodies_are_compressed_unless_told_otherwise(sink):
    headers = {"x-key": SecretStr("s3cret")}
    await told(sink, a_request, targets=(to(sink, headers=headers), to(sink, gzip=False)))
    compressed = {request.headers.get("content-encoding"): request for request in sink.taken}
    assert set(compressed) == {"gzip", None}
    assert compressed["gzip"].headers["x-key"] == "s3cret"


async def test_what_is_refused_for_a_moment_is_sent_again(sink):
    sink.next.append((503, {"Retry-After": "0"}, b""))
    assert len(await told(sink, a_request)) == 1
    assert len(sink.asked) == 2


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_what_is_refused_for_good_is_lost_counted_and_logged(sink, status):
    sink.answer = lambda _request: (status, {}, b"")
    telemetry = Telemetry()
    with structlog.testing.capture_logs() as events:
        await told(sink, a_request, telemetry=telemetry)
    assert telemetry.value("otel_bridge_own_spans_lost_total") == 1
    assert [event["event"] for event in events] == ["own_spans_lost"]
    assert len(sink.asked) == 1


async def test_what_is_sent_is_counted(sink):
    telemetry = Telemetry()
    await told(sink, a_request, telemetry=telemetry)
    assert telemetry.value("otel_bridge_own_spans_sent_total") == 1


async def test_a_receiver_that_hangs_is_left_when_time_is_up(sink):
    released = threading.Event()
    sink.answer = lambda _request: released.wait(PATIENCE) and None
    telemetry = Telemetry()
    with structlog.testing.capture_logs() as events:
        await told(sink, a_request, seconds=0.2, telemetry=telemetry)
    released.set()
    assert telemetry.value("otel_bridge_own_spans_lost_total") == 1
    assert "own_traces_cut_off" in [event["event"] for event in events]


async def test_what_does_not_fit_into_memory_is_said_once(sink):
    def work(tracing):
        for _ in range(5):
            a_request(tracing)

    with structlog.testing.capture_logs() as events:
        spans = await told(sink, work, targets=(to(sink, max_queue=1, max_batch=1),))
    assert len(spans) <= 5
    assert {event["event"] for event in events} <= {"own_traces_trouble"}


@asynccontextmanager
async def behind_tls(folder):
    """A receiver that a CA of its own vouches for: its URL, and that CA's certificate."""
    ca = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("localhost").configure_cert(context)
    ca.cert_pem.write_to_path(folder / "ca.pem")
    app = web.Application()
    app.router.add_post("/v1/traces", taken)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield f"https://localhost:{runner.addresses[0][1]}/v1/traces", str(folder / "ca.pem")
    finally:
        await runner.cleanup()


async def taken(_request: web.Request) -> web.Response:
    return web.Response()


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_receiver_behind_tls_is_one_that_is_trusted(tmp_path, sink, trusted):
    telemetry = Telemetry()
    async with behind_tls(tmp_path) as (url, ca_file):
        tls = TlsSettings(ca_file=ca_file if trusted else None)
        target = to(sink, url=url, tls=tls, timeout_seconds=1.0)
        await told(sink, a_request, targets=(target,), telemetry=telemetry)
    assert telemetry.value("otel_bridge_own_spans_sent_total") == trusted
    assert telemetry.value("otel_bridge_own_spans_lost_total") == (not trusted)
