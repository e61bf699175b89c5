"""Who sends is remembered in bounded memory, with what each leaves out."""

from __future__ import annotations

from functools import partial

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from otel_bridge.receiver.decode import decode
from otel_bridge.translate import senders as module
from otel_bridge.translate.senders import LOOK_NS, MAX_SENDERS, PAUSE_NS, Senders
from tests.fixtures.captures import exports

NOW = 1_790_000_000_000_000_000


def resource(service: str) -> bytes:
    message = ResourceSpans()
    message.resource.attributes.add(key="service.name").value.string_value = service
    return message.SerializeToString()


def scope(name: str = "scope") -> bytes:
    message = ScopeSpans()
    message.scope.name = name
    return message.SerializeToString()


def span(*, ended: int = NOW, parent: bytes = b"", **attributes: str) -> Span:
    message = Span(
        trace_id=b"t" * 16,
        span_id=b"s" * 8,
        parent_span_id=parent,
        start_time_unix_nano=ended - 5,
        end_time_unix_nano=ended,
    )
    for key, value in attributes.items():
        message.attributes.add(key=key.replace("__", ".")).value.string_value = value
    return message


def seen(capture: str) -> dict[str, module.Sender]:
    senders = Senders(pause_ns=0)
    for export in exports(capture):
        decode(export, default_project="a/b", seen=partial(senders.see, "otlp http", export.received_ns))
    return {one.scope: one for one in senders.told()}


def test_a_sender_is_a_service_with_its_sdk_and_scope_by_a_door():
    (one,) = seen("oi-openai").values()
    assert (one.door, one.service, one.language, one.sdk) == (
        "otlp http", "demo-app", "python", "opentelemetry 1.45.2",
    )  # fmt: skip
    assert (one.scope, one.dialect) == ("openinference.instrumentation.openai 0.1.66", "OpenInference")
    assert one.spans > 0
    assert one.roots


def test_the_same_service_by_another_door_is_another_row():
    senders = Senders()
    for door in ("otlp http", "otlp grpc", "otlp http"):
        senders.see(door, NOW, resource("shop"), scope(), [span()])
    assert sorted((one.door, one.requests) for one in senders.told()) == [("otlp grpc", 1), ("otlp http", 2)]


@pytest.mark.parametrize(
    ("capture", "switch"),
    [
        ("otel-openai-v2-default", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"),
        ("otel-google-genai-default", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"),
        ("google-adk-litellm", "ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS"),
    ],
)
def test_a_sender_that_keeps_content_back_is_known_with_its_switch(capture, switch):
    hints = [one.content for one in seen(capture).values() if one.no_content and all(one.no_content)]
    assert any(hint is not None and switch in hint.switch for hint in hints), hints


@pytest.mark.parametrize(
    "capture", ["oi-openai", "strands-default", "otel-openai-v2-latest", "vercel-ai5-json"]
)
def test_a_sender_that_sends_content_is_not_suspected(capture):
    looked = [flag for one in seen(capture).values() for flag in one.no_content]
    assert looked
    assert not any(looked)


def test_of_many_senders_the_one_heard_of_least_lately_is_forgotten():
    senders = Senders()
    for number in range(MAX_SENDERS + 10):
        senders.see("otlp http", NOW + number, resource(f"service {number}"), scope(), [span()])
    told = senders.told()
    assert len(told) == MAX_SENDERS
    assert told[0].service == f"service {MAX_SENDERS + 9}"
    assert "service 0" not in {one.service for one in told}


def test_a_sender_with_huge_resources_is_one_sender():
    senders = Senders()
    message = ResourceSpans.FromString(resource("shop"))
    message.resource.attributes.add(key="process.command_line").value.string_value = "x" * 100_000
    for _ in range(3):
        senders.see("otlp http", NOW, message.SerializeToString(), scope(), [span()])
    (one,) = senders.told()
    assert (one.service, one.requests) == ("shop", 3)


def test_closer_looks_are_rare():
    senders = Senders()
    step = PAUSE_NS // 10
    for number in range(1000):
        senders.see("otlp http", NOW + number * step, resource("shop"), scope(), [span()])
    (one,) = senders.told()
    assert one.looks == 1000 * step // LOOK_NS
    for number in range(1000):
        senders.see("otlp http", NOW + 1000 * step, resource(f"s{number}"), scope(), [span()])
    assert sum(one.looks for one in senders.told()) <= one.looks + module.BURST + 1


def test_the_delay_between_end_and_arrival_is_negative_for_a_clock_that_is_ahead():
    senders = Senders()
    senders.see("otlp http", NOW, resource("shop"), scope(), [span(ended=NOW + 60_000_000_000)])
    assert senders.told()[0].delays == (-60_000_000_000,)


def test_spans_with_bad_ids_are_no_reason_to_stumble():
    senders = Senders()
    bad = Span(trace_id=b"short", span_id=b"", name="bad")
    senders.see("otlp http", NOW, resource("shop"), scope(), [bad])
    assert senders.told()[0].spans == 1


def test_a_program_that_writes_through_the_api_is_a_sender():
    senders = Senders()
    senders.see_writer("weave_api http", NOW, "python-sdk 0.54.0")
    (one,) = senders.told()
    assert (one.dialect, one.sdk, one.door) == ("Weave SDK", "python-sdk 0.54.0", "weave_api http")
