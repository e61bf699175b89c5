"""A bridge that asks for keys and speaks TLS, as a process: start, reload, scoring, commands."""

from __future__ import annotations

import ssl
import subprocess
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import grpc
import orjson
import pytest
import trustme
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from tests.contract.api.bodies import a_batch, call_id, end_item, start_item
from tests.e2e.keys import KEYS, ask, auth_file
from tests.e2e.process import START_SECONDS, command, environment, running
from tests.e2e.waiting import until

PROJECT = "acme/app"


def refused_start(tmp_path, *flags: str, **env: str) -> str:
    """Start a bridge that must not start; return what it says."""
    done = subprocess.run(
        command(tmp_path / "data", *flags),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        env=environment(**env),
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


def test_a_listener_that_others_may_reach_does_not_start_without_a_key(tmp_path):
    said = refused_start(tmp_path, "--api=0.0.0.0:0")
    assert "receivers.weave_api.endpoint: 0.0.0.0:0" in said
    assert "--auth-file" in said
    assert "--allow-unauthenticated" in said


def test_it_starts_when_told_to_and_says_so(tmp_path):
    flags = ("--otlp-http=0.0.0.0:0", "--admin=0.0.0.0:0", "--allow-unauthenticated")
    with running(tmp_path / "data", *flags) as bridge:
        assert bridge.log.count("listener_without_auth") == 1


def test_a_file_of_keys_that_is_not_there_is_said_at_the_start(tmp_path):
    assert "nowhere.yaml: No such file" in refused_start(tmp_path, "--auth-file=nowhere.yaml")


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    directory = tmp_path_factory.mktemp("keyed")
    file = auth_file(directory)
    with running(directory / "data", f"--auth-file={file}", "--api=0.0.0.0:0") as bridge:
        bridge.api = bridge.api.replace("0.0.0.0", "127.0.0.1")
        bridge.keys = file
        yield bridge


def scored(api: str, **sending) -> dict:
    status, body = ask(f"{api}/calls/score/status?project_id={PROJECT}", **sending)
    assert status == 200, body
    return orjson.loads(body)["counts"]


def keep_and_score(api: str, **sending) -> None:
    items = a_batch(start_item(1), end_item(1))
    assert ask(f"{api}/call/upsert_batch", items, **sending)[0] == 200
    wanted = {"project_id": PROJECT, "call_ids": [call_id(1)], "scorer_refs": ["valid_json"]}
    assert ask(f"{api}/calls/score", wanted, **sending)[0] == 200
    until(lambda: scored(api, **sending)["done"] == 1, "the score")


def test_the_bridges_own_workers_score_behind_keys(keyed):
    keep_and_score(keyed.api, key="team-key")


def test_nothing_of_a_worker_opens_the_api(keyed):
    status, _ = ask(f"{keyed.api}/bridge/scoring/lease", {"worker": "w"}, **{"X-Otel-Bridge-Worker": "x"})
    assert status == 401


def otel_bridge(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "otel_bridge", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(**env),
        check=False,
    )


def test_commands_show_the_key_of_the_environment(keyed):
    asked = ("scorers", f"--url={keyed.api}", f"--project={PROJECT}")
    without = otel_bridge(*asked)
    assert without.returncode != 0
    assert "401" in without.stderr
    assert "OTEL_BRIDGE_API_KEY" in without.stderr
    assert otel_bridge(*asked, OTEL_BRIDGE_API_KEY="team-key").returncode == 0


def test_healthcheck_needs_no_key(keyed):
    assert otel_bridge("healthcheck", f"--data-dir={keyed.data_dir}").returncode == 0


def test_keys_are_read_again_when_the_file_changes(keyed):
    def status(key: str) -> int:
        return ask(f"{keyed.api}/calls/query", {"project_id": PROJECT}, key=key)[0]

    assert (status("fresh-key"), status("reader-key")) == (401, 200)
    auth_file(keyed.keys.parent, KEYS.replace("reader-key", "fresh-key"))
    until(lambda: status("fresh-key") == 200, "the new key")
    assert (status("reader-key"), status("team-key")) == (401, 200)


def test_no_key_is_ever_in_the_log_or_the_metrics(keyed):
    _, metrics = ask(f"{keyed.api}/metrics")
    assert "unauthenticated_requests" in metrics.decode()
    for text in (keyed.log, metrics.decode(), keyed.banner):
        assert [key for key in ("owner-key", "team-key", "fresh-key", "wrong-key") if key in text] == []


def test_the_api_speaks_tls_and_the_bridge_scores_behind_it(tmp_path):
    ca = trustme.CA()
    made = ca.issue_cert("localhost", "127.0.0.1")
    chain, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
    key.write_bytes(made.private_key_pem.bytes())
    context = ssl.create_default_context()
    ca.configure_trust(context)
    with running(tmp_path / "data", f"--tls-cert={chain}", f"--tls-key={key}") as bridge:
        assert bridge.api.startswith("https://")
        keep_and_score(bridge.api, context=context)
        assert otel_bridge("healthcheck", f"--data-dir={bridge.data_dir}").returncode == 0


@pytest.mark.long
def test_commands_trust_a_ca_of_their_own_and_show_a_certificate(tmp_path):
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    files = {}
    for name, host in (("server", "127.0.0.1"), ("client", "worker.example")):
        made = ca.issue_cert(host)
        files[name] = (tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
        files[name][0].write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        files[name][1].write_bytes(made.private_key_pem.bytes())
    (cert, key), (own_cert, own_key) = files["server"], files["client"]
    flags = (f"--tls-cert={cert}", f"--tls-key={key}", f"--tls-client-ca={tmp_path / 'ca.pem'}")
    trust = {"OTEL_BRIDGE_CA_FILE": str(tmp_path / "ca.pem")}
    shown = {"OTEL_BRIDGE_CLIENT_CERT_FILE": str(own_cert), "OTEL_BRIDGE_CLIENT_KEY_FILE": str(own_key)}
    with running(tmp_path / "data", *flags) as bridge:
        asked = ("calls", f"--project={PROJECT}", f"--url={bridge.api}")
        assert [otel_bridge(*asked, **env).returncode for env in ({}, trust, trust | shown)] == [1, 1, 0]
        assert "OTEL_BRIDGE_CA_FILE names" in otel_bridge("retranslate", f"--url={bridge.api}").stderr
        assert otel_bridge("retranslate", f"--url={bridge.api}", **trust, **shown).returncode == 0
        assert otel_bridge("healthcheck", f"--data-dir={bridge.data_dir}", **shown).returncode == 0


OWN_WAYS = """
receivers:
  otlp:
    protocols:
      http: {auth: {authenticator: basic_auth}}
      grpc: {auth: {authenticator: bearer_auth}}
  weave_api: {auth: {authenticator: [api_key_auth, basic_auth]}}
exporters: {store: {default_project: acme/app}}
extensions:
  basic_auth: {htpasswd: {inline: "ann:pw"}}
  bearer_auth: {tokens: [bearer-key]}
  api_key_auth: {tokens: [{name: app, key: api-key}], rate_limit: 0.01}
service:
  extensions: [basic_auth, bearer_auth, api_key_auth]
  pipelines: {traces: {receivers: [otlp, weave_api], exporters: [store]}}
"""


@pytest.fixture(scope="module")
def own_ways(tmp_path_factory):
    directory = tmp_path_factory.mktemp("ways")
    (directory / "bridge.yaml").write_text(OWN_WAYS)
    with running(directory / "data", f"--config={directory / 'bridge.yaml'}") as bridge:
        yield bridge


ANN = {"Authorization": "Basic YW5uOnB3"}
BEARER = {"Authorization": "Bearer bearer-key"}
API_KEY = {"wandb-api-key": "api-key"}


def test_each_listener_takes_keys_in_its_own_way(own_ways):
    def over_http(**sent: str) -> int:
        headers = {"Content-Type": "application/x-protobuf"} | sent
        return ask(f"{own_ways.http}/v1/traces", b"", **headers)[0]

    def over_grpc(**sent: str) -> grpc.StatusCode:
        with grpc.insecure_channel(own_ways.grpc) as channel:
            export = TraceServiceStub(channel).Export
            pairs = tuple((name.lower(), value) for name, value in sent.items())
            call = export.future(ExportTraceServiceRequest(), metadata=pairs, timeout=START_SECONDS)
            return call.code()

    def of_the_api(**sent: str) -> int:
        return ask(f"{own_ways.api}/calls/query", {"project_id": PROJECT}, **sent)[0]

    refused = grpc.StatusCode.UNAUTHENTICATED
    assert [over_http(**sent) for sent in (ANN, BEARER, API_KEY, {})] == [200, 401, 401, 401]
    assert [over_grpc(**sent) for sent in (ANN, BEARER, API_KEY)] == [refused, grpc.StatusCode.OK, refused]
    assert [of_the_api(**sent) for sent in (ANN, BEARER, {})] == [200, 401, 401]


def test_a_key_that_asks_the_api_too_often_is_told_to_come_again(own_ways):
    sent = Request(f"{own_ways.api}/calls/query", data=b'{"project_id": "acme/app"}', headers=API_KEY)
    urlopen(sent, timeout=START_SECONDS).close()
    with pytest.raises(HTTPError) as found:
        urlopen(sent, timeout=START_SECONDS)
    with found.value as error:
        assert (error.code, error.headers["Retry-After"]) == (429, "1")
        assert b"more than 0.01 requests a second" in error.read()
