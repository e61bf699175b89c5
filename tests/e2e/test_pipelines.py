"""Pipelines at work in a real bridge: what is hidden is nowhere, and each exporter gets its own."""

from __future__ import annotations

import json
from pathlib import Path

import orjson

from tests.e2e import client
from tests.e2e.disk import holders
from tests.e2e.process import running
from tests.faults.upstream import upstream as serving
from tests.fixtures.processing import a_request, a_span, logs, put

SECRET = "sk-nobodymayseethiskeyatall"
CARD = "4111 1111 1111 1111"
HIDDEN = {"allow_all_keys": True, "blocked_values": ["sk-[a-z]{20,}", {"kind": "card"}]}
PROJECT = "acme/prod"


def a_config(path: Path, **document) -> str:
    """A configuration whose listeners are those of the command line, as a flag."""
    whole = {
        "receivers": {"otlp": {"protocols": {"grpc": {}, "http": {}}}, "weave_api": {}},
        "exporters": {"store": {"default_project": PROJECT}},
        **document,
    }
    path.write_text(json.dumps(whole))
    return f"--config={path}"


def pipelines(**named) -> dict:
    return {"service": {"pipelines": named}}


def secrets_request():
    """A request with a secret in every place a span has for a text."""
    span = a_span(f"chat {SECRET}", {"input.value": f"{SECRET} and {CARD}", "deep": [{"k": SECRET}]})
    span.status.message = SECRET
    span.start_time_unix_nano, span.end_time_unix_nano = 1_800_000_000_000_000_000, 1_800_000_001_000_000_000
    put(span.events.add(name=SECRET).attributes, {"x": SECRET})
    put(span.links.add().attributes, {"x": CARD})
    return a_request(span, resource={"r": SECRET}, scope={"s": SECRET})


def a_secret_call() -> dict:
    tree = {"a": [SECRET], "card": CARD}
    start = {"project_id": PROJECT, "id": "f" * 16, "trace_id": "e" * 32, "op_name": f"op {SECRET}",
             "started_at": "2026-01-02T03:04:05Z", "attributes": tree, "inputs": tree,
             "otel_dump": tree}  # fmt: skip
    end = {"project_id": PROJECT, "id": "f" * 16, "ended_at": "2026-01-02T03:04:06Z", "summary": {},
           "output": tree, "exception": SECRET}  # fmt: skip
    return {"batch": [{"mode": "start", "req": {"start": start}}, {"mode": "end", "req": {"end": end}}]}


def post_otlp(bridge, request, path="/v1/traces") -> tuple[int, bytes]:
    body = request.SerializeToString()
    return client.call(f"{bridge.http}{path}", body, Content_Type="application/x-protobuf")


def calls_of(bridge, project=PROJECT) -> list[dict]:
    query = orjson.dumps({"project_id": project})
    _, lines = client.call(f"{bridge.api}/calls/stream_query", query)
    return [orjson.loads(line) for line in lines.splitlines()]


def metrics_of(bridge) -> str:
    return client.call(f"{bridge.api}/metrics")[1].decode()


def test_what_is_hidden_lies_nowhere_in_the_data_directory_and_leaves_for_nobody(tmp_path):
    with serving() as upstream:
        upstream.refused_ops = {"op ****"}  # the call of the API becomes a dead letter
        weave = {
            "endpoint": upstream.url,
            "auth": {"api_key": "k" * 20},
            "project": PROJECT,
            "retry_on_failure": {"initial_interval": "20ms", "max_interval": "100ms"},
        }
        parts = {"receivers": ["otlp", "weave_api"], "processors": ["redaction"]}
        config = a_config(
            tmp_path / "bridge.json",
            processors={"redaction": HIDDEN},
            exporters={"store": {"default_project": PROJECT}, "weave": weave},
            **pipelines(
                traces={**parts, "exporters": ["store", "weave"]},
                logs={**parts, "receivers": ["otlp"], "exporters": ["store"]},
            ),
        )
        with running(tmp_path / "data", config) as bridge:
            post_otlp(bridge, secrets_request())
            post_otlp(bridge, logs(SECRET, attributes={"a": CARD}), "/v1/logs")
            client.post(bridge.api, "/call/upsert_batch", a_secret_call())
            upstream.wait(lambda: any(status == 400 for _, _, status in upstream.requests))
            upstream.wait(lambda: len(upstream.calls) >= 1)
            shown = orjson.dumps(calls_of(bridge))
            assert bridge.terminate() == 0
    assert b"****" in shown
    sent = orjson.dumps(upstream.calls)
    assert holders(tmp_path / "data", "****")
    for secret in (SECRET, CARD):
        assert secret.encode() not in shown
        assert holders(tmp_path / "data", secret) == []
        assert secret.encode() not in sent
    assert b"****" in sent


def test_one_request_fans_out_to_projects_by_the_resources_of_its_spans(tmp_path):
    with serving() as upstream:
        weave = {
            "endpoint": upstream.url,
            "auth": {"api_key": "k" * 20},
            "sending_queue": {"batch": {"flush_timeout": "20ms"}},
        }
        table = [
            {"condition": 'attributes["env"] == "prod"', "pipelines": ["traces/team", "traces/audit"]},
            {"condition": 'attributes["env"] == "research"', "pipelines": ["traces/research"]},
        ]
        config = a_config(
            tmp_path / "bridge.json",
            processors={"redaction/strict": {"allowed_keys": ["gen_ai.request.model"]}},
            connectors={"routing": {"table": table, "default_pipelines": ["traces/team"]}},
            exporters={
                "weave/team": {**weave, "project": "acme/team"},
                "weave/audit": {**weave, "project": "acme/audit"},
                "weave/research": {**weave, "project": "acme/research"},
            },
            **pipelines(
                **{
                    "traces/in": {"receivers": ["otlp"], "exporters": ["routing"]},
                    "traces/team": {"receivers": ["routing"], "exporters": ["weave/team"]},
                    "traces/audit": {
                        "receivers": ["routing"],
                        "processors": ["redaction/strict"],
                        "exporters": ["weave/audit"],
                    },
                    "traces/research": {"receivers": ["routing"], "exporters": ["weave/research"]},
                }
            ),
        )
        with running(tmp_path / "data", config) as bridge:
            for number, env in enumerate(["prod", "research", "other"], 1):
                span = a_span(env, {"input.value": "q", "gen_ai.request.model": "m"}, number=number)
                span.start_time_unix_nano = span.end_time_unix_nano = 1_800_000_000_000_000_000
                post_otlp(bridge, a_request(span, resource={"env": env}))
            upstream.wait(lambda: len(upstream.starts) >= 4)
    assert {(start["op_name"], start["project_id"]) for start in upstream.starts} == {
        ("prod", "acme/team"),
        ("prod", "acme/audit"),
        ("research", "acme/research"),
        ("other", "acme/team"),
    }
    audited = [start for start in upstream.starts if start["project_id"] == "acme/audit"]
    assert [start["inputs"] for start in audited] == [{}]
    assert [start["attributes"]["model"] for start in audited] == ["m"]


def test_what_is_filtered_and_sampled_out_is_accepted_counted_and_kept_nowhere(tmp_path):
    config = a_config(
        tmp_path / "bridge.json",
        processors={
            "filter/health": {"traces": {"span": ['name == "health"']}},
            "probabilistic_sampler": {"sampling_percentage": 0},
        },
        **pipelines(
            traces={"receivers": ["otlp"], "processors": ["filter/health"], "exporters": ["store"]},
            **{
                "traces/api": {
                    "receivers": ["weave_api"],
                    "processors": ["probabilistic_sampler"],
                    "exporters": ["store"],
                }
            },
        ),
    )
    with running(tmp_path / "data", config) as bridge:
        post_otlp(bridge, a_request(a_span("health"), a_span("chat", number=2)))
        client.post(bridge.api, "/call/upsert_batch", {"batch": a_secret_call()["batch"][:1]})
        assert [call["op_name"] for call in calls_of(bridge)] == ["chat"]
        metrics = metrics_of(bridge)
    name = "otel_bridge_processor_dropped_spans_total"
    assert f'{name}{{outcome="filtered",processor="filter/health"}} 1.0' in metrics
    assert f'{name}{{outcome="sampled_out",processor="probabilistic_sampler"}} 1.0' in metrics


def test_with_too_little_memory_senders_are_told_to_come_again(tmp_path):
    limit = {"limit_mib": 64, "check_interval": "50ms"}
    config = a_config(
        tmp_path / "bridge.json",
        processors={"memory_limiter": limit},
        **pipelines(
            traces={
                "receivers": ["otlp", "weave_api"],
                "processors": ["memory_limiter"],
                "exporters": ["store"],
            }
        ),
    )
    with running(tmp_path / "data", config) as bridge:
        answers = (post_otlp(bridge, a_request(a_span())) for _ in range(600))
        status, body = next(answer for answer in answers if answer[0] != 200)
        assert status == 503
        assert b"more memory than it may" in body
        assert "otel_bridge_memory_limiter_limit_bytes 6.7108864e+07" in metrics_of(bridge)
