"""The four configurations that the contract gives as examples, as they are written.

Only what a test must not touch is another's: ports are free ones, directories and secrets the test's own, and
Weave's server is a double. Of the gateway's ClickHouse there is the store.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import grpc
import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from tests.e2e import client
from tests.e2e.keys import ask
from tests.e2e.process import START_SECONDS, ending, launch
from tests.e2e.waiting import until
from tests.faults.upstream import upstream as serving
from tests.fixtures.processing import a_request, a_span
from tests.integration.kafka.mock import mock_cluster
from tests.integration.kafka.records import records

EXAMPLES = Path(__file__).parents[1] / "fixtures" / "configurations"
TOKENS = """
- {name: apps, key: apps-token, rights: [ingest]}
- {name: team, key: team-token, projects: [acme/*]}
"""
AT = 1_800_000_000_000_000_000
ACME = {"wandb.entity": "acme", "wandb.project": "prod"}


@pytest.fixture
def example(tmp_path):
    """Start an example of this name; `replaced` are texts of the file and what stands in their place."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "tokens.yaml").write_text(TOKENS)
    for name in ("wandb_api_key", "key_a", "key_r"):
        (secrets / name).write_text(f"{name}-0123456789\n")

    def starts(name: str, replaced: dict[str, str] | None = None, **env: str):
        text = re.sub(r"(0\.0\.0\.0|127\.0\.0\.1):\d+", r"\1:0", (EXAMPLES / f"{name}.yaml").read_text())
        places = {
            "/run/secrets": str(secrets),
            "/var/lib/otel-bridge": str(tmp_path / "var"),
            "/data/weave.db": str(tmp_path / "var" / "calls.db"),
        }
        for old, new in (places | (replaced or {})).items():
            text = text.replace(old, new)
        file = tmp_path / "bridge.yaml"
        file.write_text(text)
        command = [sys.executable, "-m", "otel_bridge", "run", f"--config={file}"]
        bridge = launch(command, tmp_path / "data", XDG_DATA_HOME=str(tmp_path / "home"), **env)
        for door in ("http", "grpc", "api"):
            setattr(bridge, door, getattr(bridge, door).replace("0.0.0.0", "127.0.0.1"))
        return ending(bridge)

    return starts


def request(name="chat", attributes=None, *, number=1, **resource):
    span = a_span(name, attributes or {"input.value": "q"}, number=number)
    span.start_time_unix_nano, span.end_time_unix_nano = AT, AT + 1_000_000
    return a_request(span, resource=resource)


def post(bridge, sent, **headers: str) -> int:
    headers = {"Content_Type": "application/x-protobuf"} | headers
    return client.call(f"{bridge.http}/v1/traces", sent.SerializeToString(), **headers)[0]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def rejected_over_grpc(bridge, sent, token: str) -> int:
    with grpc.insecure_channel(bridge.grpc) as channel:
        answer = TraceServiceStub(channel).Export(
            sent, metadata=(("authorization", f"Bearer {token}"),), timeout=START_SECONDS
        )
    return answer.partial_success.rejected_spans


def test_a_sidecar_sends_everything_to_its_server_without_secrets(example):
    with serving() as weave:
        env = {"WEAVE_ENDPOINT": weave.url, "WANDB_ENTITY": "acme", "WANDB_PROJECT": "prod"}
        with example("sidecar", **env) as bridge:
            secret = "sk-" + "a" * 24
            assert post(bridge, request(attributes={"input.value": f"use {secret}"})) == 200
            assert rejected_over_grpc(bridge, request(number=2), "") == 0
            weave.wait(lambda: len(weave.starts) == 2)
            assert bridge.terminate() == 0
    assert {start["project_id"] for start in weave.starts} == {"acme/prod"}
    assert secret not in orjson.dumps(weave.starts).decode()


def test_a_standalone_bridge_keeps_calls_and_answers(example):
    with example("standalone") as bridge:
        assert post(bridge, request()) == 200
        assert len(client.ids(bridge.api, "local/default")) == 1


@pytest.mark.long
def test_a_gateway_asks_for_tokens_keeps_calls_and_scores_them_through_kafka(example):
    with mock_cluster() as kafka:
        kafka.create_topics("weave.score_calls", "weave.call_ended", partitions=2)
        with example("gateway", KAFKA_BROKERS=kafka.brokers) as bridge:
            assert post(bridge, request(**ACME)) == 401
            assert post(bridge, request(**ACME), **bearer("apps-token")) == 200
            assert rejected_over_grpc(bridge, request(number=2, **ACME), "apps-token") == 0
            asked = {"project_id": "acme/prod"}
            assert ask(f"{bridge.api}/calls/query", asked, key="apps-token")[0] == 403
            _, lines = ask(f"{bridge.api}/calls/stream_query", asked, key="team-token")
            ids = [orjson.loads(line)["id"] for line in lines.splitlines()]
            assert len(ids) == 2
            wanted = asked | {"call_ids": ids, "scorer_refs": ["length"]}
            assert ask(f"{bridge.api}/calls/score", wanted, key="team-token")[0] == 200
            done = f"{bridge.api}/calls/score/status?project_id=acme/prod"
            until(lambda: orjson.loads(ask(done, key="team-token")[1])["counts"]["done"] == 2)
            (job,) = records(kafka.brokers, "weave.score_calls", 1)
    assert set(orjson.loads(job.value)["call_ids"]) == set(ids)


def test_one_request_goes_to_the_projects_of_its_resources(example):
    with serving() as weave, example("two_projects", {"https://trace.wandb.ai": weave.url}) as bridge:
        for number, (key, value) in enumerate(
            [("deployment.environment.name", "prod"), ("service.namespace", "research"), ("a", "b")], 1
        ):
            sent = request(value, number=number, **{key: value})
            assert post(bridge, sent) == 401
            assert post(bridge, sent, **bearer("apps-token")) == 200
        weave.wait(lambda: len(weave.starts) >= 4)
    assert {(start["op_name"], start["project_id"]) for start in weave.starts} == {
        ("prod", "acme/prod"),
        ("prod", "acme/audit"),
        ("research", "acme/research"),
        ("b", "acme/prod"),
    }
    audited = [start["inputs"] for start in weave.starts if start["project_id"] == "acme/audit"]
    assert audited == [{}]
