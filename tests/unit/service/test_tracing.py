"""Whether the bridge may trace itself, and what others began to trace in its process."""

from __future__ import annotations

import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
import structlog
from opentelemetry import trace

from otel_bridge.config import BridgeConfig
from otel_bridge.errors import StartError
from otel_bridge.exporter.settings import TlsSettings
from otel_bridge.service.tracing import loaded_traces, quiet_instrumentation
from otel_bridge.tracing import SpanTarget, TraceSettings


def traced_to(url: str) -> BridgeConfig:
    return BridgeConfig(own_traces=TraceSettings(targets=(SpanTarget(url=url, tls=TlsSettings()),)))


def resolved(monkeypatch, address: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (address, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_a_name_that_turns_out_to_be_this_machine_is_refused(monkeypatch):
    resolved(monkeypatch, "127.0.0.1")
    with pytest.raises(StartError, match=r"http://bridge\.internal:4318/v1/traces is this bridge itself"):
        loaded_traces(traced_to("http://bridge.internal:4318/v1/traces"))


def test_a_name_of_another_machine_is_not(monkeypatch):
    resolved(monkeypatch, "192.0.2.1")
    assert loaded_traces(traced_to("http://collector.internal:4318/v1/traces"))


def test_without_the_sdk_the_bridge_says_what_is_missing(monkeypatch):
    monkeypatch.delitem(sys.modules, "otel_bridge.service.own_traces", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(StartError, match=r"pip install 'otel-bridge\[traces\]'"):
        loaded_traces(traced_to("http://192.0.2.1:9/v1/traces"))


def test_while_they_are_off_nothing_of_the_sdk_is_loaded():
    code = "import sys, otel_bridge.service.running, otel_bridge.ingest.writer;"
    shown = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{code} print([n for n in sys.modules if n.startswith('opentelemetry.sdk')])",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert shown.stdout.strip() == "[]"


@pytest.fixture
def instrumented(monkeypatch):
    """A provider as `opentelemetry-instrument` sets one up."""
    ended = []
    provider = SimpleNamespace(shutdown=lambda: ended.append(True))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return ended


@pytest.mark.parametrize(
    ("environ", "is_ended"),
    [
        ({}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4317"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, False),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces",
            },
            False,
        ),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://[broken"}, False),
    ],
)
def test_instrumentation_that_would_send_to_the_bridge_itself_is_ended(instrumented, environ, is_ended):
    with structlog.testing.capture_logs() as events:
        quiet_instrumentation(BridgeConfig(), environ)
    assert instrumented == [True] * is_ended
    assert [event["event"] for event in events] == ["instrumentation_ended"] * is_ended


def test_a_process_that_nobody_instruments_is_left_alone():
    with structlog.testing.capture_logs() as events:
        quiet_instrumentation(BridgeConfig(), {})
    assert events == []
