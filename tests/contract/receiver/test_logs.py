"""The logs signal over HTTP, when it is on: as traces are taken, so are log records."""

from __future__ import annotations

import asyncio

import pytest

from otel_bridge.errors import InvalidRequest, Refused, RequestTooLarge, Unavailable
from otel_bridge.receiver.base import Encoding
from otel_bridge.receiver.decode.logs import WITHOUT_SPAN
from otel_bridge.receiver.signals import LOGS, TRACES
from tests.contract.receiver.bodies import COMPRESS, JSON, PROTOBUF, TYPES, as_protobuf
from tests.contract.receiver.client import connected, head
from tests.contract.receiver.log_bodies import encode_logs, padded_logs, partial_success, texts
from tests.fixtures.captures import WITH_LOGS, log_exports, logged_spans
from tests.fixtures.otlp_logs import a_record
from tests.fixtures.otlp_spans import SPAN_ID, TRACE_ID

ENCODINGS = {PROTOBUF: Encoding.PROTOBUF, JSON: Encoding.JSON}
EMPTY = {PROTOBUF: b"", JSON: b"{}"}
PATHS = (
    "/v1/logs",
    "/v1/logs/",
    "//v1/logs",
    "/otel/v1/logs",
    "/otel/v1/logs/",
    "/agents/otel/v1/logs",
    "/v1/traces/v1/logs",
    "/v1/logs/v1/logs",
    "/agents/otel/v1/logs/v1/logs",
)
HINT = "this endpoint takes traces and logs; set OTEL_METRICS_EXPORTER=none"
BUG = ZeroDivisionError("/secret/path")


@pytest.fixture
async def bridge(serve):
    return await serve(logs=True)


async def send(bridge, body, content_type=PROTOBUF, **options):
    return await bridge.send(body, content_type, path="/v1/logs", **options)


@pytest.mark.parametrize("content_type", [*TYPES, "application/json; charset=utf-8"])
@pytest.mark.parametrize("coding", [None, "identity", *COMPRESS])
async def test_log_records_are_taken_in_every_encoding_and_coding(bridge, content_type, coding):
    media_type = content_type.partition(";")[0]
    body = encode_logs(media_type)
    wire = COMPRESS[coding](body) if coding in COMPRESS else body
    reply = await send(bridge, wire, content_type, headers={"Content-Encoding": coding} if coding else None)
    assert (reply.status, reply.type, reply.body) == (200, media_type, EMPTY[media_type])
    (export,) = bridge.consume.exports
    assert (export.body, export.encoding, export.signal) == (body, ENCODINGS[media_type], LOGS)
    (span,) = bridge.consume.logs
    assert (span.project_id, span.trace_id, span.id) == ("local/default", TRACE_ID.hex(), SPAN_ID.hex())
    assert texts([span]) == ["hello"]


@pytest.mark.parametrize("path", PATHS)
async def test_every_spelling_of_the_logs_path_is_answered(bridge, path):
    assert (await bridge.send(encode_logs(PROTOBUF), path=path)).status == 200
    assert len(bridge.consume.logs) == 1


async def test_a_logs_url_where_a_base_belongs_takes_spans_too(bridge):
    assert (await bridge.send(as_protobuf(), path="/v1/logs/v1/traces")).status == 200
    assert [export.signal for export in bridge.consume.exports] == [TRACES]


@pytest.mark.parametrize("capture", WITH_LOGS)
async def test_recorded_log_records_of_real_instrumentations_are_taken(bridge, capture):
    for export in log_exports(capture):
        reply = await send(bridge, export.body, headers={"project_id": "ent/proj"})
        assert (reply.status, reply.body) == (200, b"")
    assert bridge.consume.logs == logged_spans(capture)
    assert bridge.log_records("accepted") == len(texts(logged_spans(capture)))


@pytest.mark.parametrize("content_type", TYPES)
async def test_an_empty_request_is_a_success(bridge, content_type):
    reply = await send(bridge, EMPTY[content_type], content_type)
    assert (reply.status, reply.body) == (200, EMPTY[content_type])


@pytest.mark.parametrize("content_type", TYPES)
async def test_records_of_no_span_are_rejected_with_the_reason_and_the_rest_is_kept(bridge, content_type):
    lost = a_record("lost", trace_id=b"", span_id=b"")
    body = encode_logs(content_type, a_record("1"), lost, a_record("2"), lost)
    reply = await send(bridge, body, content_type)
    assert (reply.status, reply.type) == (200, content_type)
    assert partial_success(content_type, reply.body) == (2, WITHOUT_SPAN)
    assert texts(bridge.consume.logs) == ["1", "2"]


async def test_log_records_are_counted_and_logged_under_their_own_names(bridge, logged):
    for _ in range(2):
        await send(bridge, encode_logs(JSON, a_record(), a_record(), a_record(span_id=b"")), JSON)
    assert bridge.log_records("accepted", encoding="json") == 4
    assert bridge.log_records("rejected", encoding="json") == 2
    assert (bridge.spans("accepted", encoding="json"), bridge.requests(200)) == (0, 2)
    (event,) = [event for event in logged if event["event"] == "log_records_rejected"]
    assert (event["log_records"], event["reason"]) == (1, WITHOUT_SPAN)


async def test_refused_and_failed_log_records_are_counted_too(bridge):
    bridge.consume.fail_next(Unavailable("later"), Refused("never"), InvalidRequest("bad"))
    for _ in range(3):
        await send(bridge, encode_logs(PROTOBUF, a_record(), a_record()))
    assert [bridge.log_records(outcome) for outcome in ("refused", "failed", "rejected")] == [2, 2, 2]
    assert [bridge.spans(outcome) for outcome in ("refused", "failed", "rejected")] == [0, 0, 0]


ERRORS = [
    (Unavailable("my error"), 503, 14),
    (Refused("my error"), 500, 13),
    (InvalidRequest("my error"), 400, 3),
    (RequestTooLarge("my error"), 413, 8),
]


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize(("error", "status", "code"), ERRORS)
async def test_an_error_is_a_status_in_the_request_encoding(bridge, content_type, error, status, code):
    bridge.consume.fail_next(error)
    reply = await send(bridge, encode_logs(content_type), content_type)
    assert (reply.status, reply.type, reply.error) == (status, content_type, (code, "my error"))
    assert reply.headers.get("Retry-After") == ("1" if status == 503 else None)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [(PROTOBUF, b"\xff\xff"), (JSON, b"1234"), (JSON, b'{"resourceLogs":1}'), (JSON, b"[" * 5000)],
)
async def test_what_cannot_be_decoded_is_400(bridge, content_type, body):
    reply = await send(bridge, body, content_type)
    assert (reply.status, reply.type, reply.error[0]) == (400, content_type, 3)
    assert bridge.consume.logs == []


async def test_methods_and_media_types_are_those_of_traces(bridge):
    assert (await send(bridge, None, method="GET")).status == 405
    assert (await send(bridge, b"", "text/plain")).status == 415
    assert (await send(bridge, b"", None)).status == 415


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize(("over", "status"), [(-1, 200), (0, 200), (1, 413)])
async def test_the_limit_in_bytes_is_that_of_traces(serve, content_type, over, status):
    bridge = await serve(logs=True, max_request_bytes=2000)
    reply = await send(bridge, padded_logs(content_type, 2000 + over), content_type)
    assert (reply.status, reply.type) == (status, content_type)
    assert len(bridge.consume.exports) == (status == 200)


async def test_the_limit_counts_inflated_bytes_too(serve):
    bridge = await serve(logs=True, max_request_bytes=2000)
    body = COMPRESS["gzip"](padded_logs(PROTOBUF, 2001))
    assert (await send(bridge, body, headers={"Content-Encoding": "gzip"})).status == 413


async def test_an_announced_length_over_the_limit_is_refused_before_reading(bridge):
    async with connected(bridge.http_port) as raw:
        await raw.send(head(99_999_999_999).replace(b"/v1/traces", b"/v1/logs"))
        assert (await raw.head()).startswith(b"HTTP/1.1 413 ")


async def test_spans_and_log_records_share_one_budget(serve):
    bridge = await serve(logs=True, max_request_bytes=4000, in_flight_bytes=4000)
    bridge.consume.hold()
    first = asyncio.create_task(send(bridge, padded_logs(PROTOBUF, 3000)))
    await bridge.consume.arrived.wait()
    reply = await bridge.send(as_protobuf() + b"\x0a\x00" * 1000)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "1")
    bridge.consume.let_go()
    assert (await first).status == 200
    assert bridge.intake.budget.used_bytes == 0


async def test_work_that_takes_too_long_is_503_and_names_log_records(serve):
    bridge = await serve(logs=True, keep_seconds=0.1)
    bridge.consume.hold()
    reply = await send(bridge, encode_logs(PROTOBUF))
    assert reply.status == 503
    assert reply.error[1].startswith("the log records could not be kept in time")
    bridge.consume.let_go()


async def test_a_poisonous_body_is_refused_for_good_and_kept_under_its_signal(serve, tmp_path):
    bridge = await serve(logs=True, quarantine=tmp_path, poison_after=2)
    bridge.consume.fail_next(BUG, BUG)
    body = encode_logs(JSON)
    replies = [await send(bridge, body, JSON) for _ in range(2)]
    assert [reply.status for reply in replies] == [503, 500]
    assert b"secret" not in replies[0].body + replies[1].body
    (kept,) = tmp_path.iterdir()
    assert (kept.read_bytes(), kept.name.endswith(".logs.json")) == (body, True)


async def test_the_same_bytes_as_spans_do_not_add_to_a_poisonous_logs_body(serve):
    bridge = await serve(logs=True, poison_after=2)
    bridge.consume.fail_next(BUG, BUG)
    body = encode_logs(PROTOBUF)
    assert [(await bridge.send(body, path=f"/v1/{name}")).status for name in ("logs", "traces")] == [503, 503]


async def test_metrics_are_still_refused_and_told_what_is_true_now(bridge):
    reply = await bridge.send(b"", path="/v1/metrics")
    assert (reply.status, reply.error) == (404, (12, HINT))


async def test_a_path_that_is_none_is_told_both(bridge):
    reply = await bridge.send(encode_logs(PROTOBUF), path="/")
    assert reply.error == (12, "there is nothing at this path; append /v1/traces or /v1/logs to the endpoint")


async def test_without_the_option_the_paths_of_logs_are_no_bases(serve):
    bridge = await serve()
    reply = await bridge.send(as_protobuf(), path="/v1/logs/v1/traces")
    assert reply.error == (12, "there is nothing at this path; append /v1/traces to the endpoint")
