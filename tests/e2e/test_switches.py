"""What `run`'s switches change in the calls that are read back."""

from __future__ import annotations

import re

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from tests.e2e import client
from tests.e2e.process import running

AGENT = {
    "gen_ai.operation.name": AnyValue(string_value="invoke_agent"),
    "gen_ai.usage.input_tokens": AnyValue(int_value=30),
    "session.id": AnyValue(string_value="s-1"),
}


def an_agents_call(bridge, **attributes) -> dict:
    """Send the child span of an agent, and read its call back."""
    request = client.a_request(1)
    (span,) = request.resource_spans[0].scope_spans[0].spans
    span.parent_span_id = b"parentid"
    span.attributes.extend(KeyValue(key=key, value=value) for key, value in (AGENT | attributes).items())
    assert client.export(bridge.http, request) == 200
    (call,) = client.post(
        bridge.api,
        "/calls/stream_query",
        {"project_id": client.PROJECT, "filter": {"call_ids": client.span_ids(request)}},
    )
    return call


def test_without_switches_tokens_of_agents_are_set_apart_and_sessions_are_threads(bridge_process):
    call = an_agents_call(bridge_process)
    assert "usage" not in call["summary"]
    assert call["attributes"]["aggregated_usage"] == {"input_tokens": 30, "total_tokens": 30}
    assert (call["thread_id"], call["turn_id"]) == ("s-1", None)


@pytest.mark.parametrize("told", ["flags", "environment"])
def test_with_all_of_them_a_call_is_weaves(tmp_path, told):
    flags = ("--usage-on-wrappers=keep", "--session-threads=off", "--turns=spans")
    environment = {
        f"OTEL_BRIDGE_{flag.removeprefix('--').replace('-', '_').upper()}": value
        for flag, value in (each.split("=") for each in flags)
    }
    started = (
        running(tmp_path / "data", *flags) if told == "flags" else running(tmp_path / "data", **environment)
    )
    with started as bridge:
        call = an_agents_call(bridge)
        assert call["summary"]["usage"] == {"usage": {"input_tokens": 30, "total_tokens": 30}}
        assert call["thread_id"] is None
        call = an_agents_call(bridge, **{"wandb.thread_id": AnyValue(string_value="t")})
        assert (call["thread_id"], call["turn_id"]) == ("t", call["id"])


def test_a_span_that_announces_another_is_counted_and_no_call(bridge_process):
    request = client.a_request(2)
    announcing, _ = request.resource_spans[0].scope_spans[0].spans
    announcing.attributes.append(
        KeyValue(key="logfire.span_type", value=AnyValue(string_value="pending_span"))
    )
    assert client.export(bridge_process.http, request) == 200
    announced, kept = client.span_ids(request)
    stored = client.ids(bridge_process.api)
    assert (announced in stored, kept in stored) == (False, True)
    _, metrics = client.call(f"{bridge_process.api}/metrics")
    assert re.search(rb"^otel_bridge_announced_spans_total [1-9]", metrics, re.MULTILINE)
