"""Starting, stopping, probes, and what a sidecar counts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from base64 import b64encode
from secrets import token_urlsafe

import psutil
import pytest

from tests.e2e import client, process
from tests.faults.behaviours import hang, status
from tests.faults.metrics import metric, ready, samples
from tests.faults.sidecar import KEY, PROJECT, environment, sidecar


def ids_of(requests) -> set[str]:
    return {one for request in requests for one in client.span_ids(request)}


def healthcheck(*arguments: str, **env: str) -> int:
    command = [sys.executable, "-m", "otel_bridge", "healthcheck", *arguments]
    done = subprocess.run(
        command, env=process.environment(**env), capture_output=True, timeout=60, check=False
    )
    assert done.stdout or done.stderr
    return done.returncode


def test_stopping_sends_what_waits_and_exits_0(weave, start):
    weave.always = status(503)
    with start() as bridge:
        sent = [client.a_request(100) for _ in range(5)]
        assert [client.export(bridge.http, one) for one in sent] == [200] * 5
        weave.wait(lambda: weave.requests)
        bridge.process.send_signal(signal.SIGTERM)
        weave.wait(lambda: "stopping" in bridge.log)
        weave.always = None
        assert bridge.process.wait(60) == 0
    assert weave.whole() == ids_of(sent)
    assert "calls_stay_queued" not in bridge.log


def test_stopping_without_an_upstream_takes_no_longer_than_it_may_and_loses_nothing(weave, start):
    weave.refuse_connections()
    with start("--shutdown-timeout=6s") as bridge:
        sent = [client.a_request(100) for _ in range(3)]
        assert [client.export(bridge.http, one) for one in sent] == [200] * 3
        assert bridge.terminate() == 0
        assert "calls_stay_queued" in bridge.log
    weave.accept_connections()
    with start():
        weave.wait(lambda: ids_of(sent) <= weave.whole())
    assert set(weave.times.values()) == {1}


def test_a_second_signal_stops_at_once(weave, start):
    weave.always = hang
    with start("--shutdown-timeout=10m", timeout="5m") as bridge:
        assert client.export(bridge.http, client.a_request(5)) == 200
        weave.wait(lambda: weave.headers)
        bridge.process.send_signal(signal.SIGTERM)
        weave.wait(lambda: "stopping" in bridge.log)
        bridge.process.send_signal(signal.SIGTERM)
        assert bridge.process.wait(60) == 0


def test_a_kill_between_two_batches_loses_nothing(weave, start):
    weave.always = status(503)
    with start() as bridge:
        sent = [client.a_request(100) for _ in range(5)]
        assert [client.export(bridge.http, one) for one in sent] == [200] * 5
        bridge.kill_tree()
    weave.always = None
    with start():
        weave.wait(lambda: ids_of(sent) <= weave.whole())


def test_probes_have_a_port_of_their_own_that_answers_while_the_bridge_stops(weave, tmp_path):
    weave.refuse_connections()
    with sidecar(tmp_path / "data", weave.url, "--admin=127.0.0.1:0", "--shutdown-timeout=5m") as bridge:
        admin = next(line.split()[1] for line in bridge.banner.splitlines() if " admin " in line)
        for path in ("/livez", "/healthz", "/readyz", "/startupz", "/metrics"):
            assert client.call(admin + path)[0] == 200, path
        assert client.call(f"{admin}/calls/stats", b"{}")[0] == 404
        described = json.loads(client.call(f"{admin}/openapi.json")[1])["paths"]
        assert set(described) == {"/livez", "/healthz", "/readyz", "/startupz", "/metrics", "/openapi.json"}
        assert client.call(f"{bridge.api}/readyz")[0] == 200
        assert client.export(bridge.http, client.a_request(5)) == 200
        bridge.process.send_signal(signal.SIGTERM)
        weave.wait(lambda: client.call(f"{admin}/readyz")[0] == 503)
        assert client.call(f"{admin}/livez")[0] == client.call(f"{admin}/startupz")[0] == 200
        bridge.process.send_signal(signal.SIGTERM)
        assert bridge.process.wait(60) == 0


def test_healthcheck_finds_the_bridge_by_its_directory(weave, tmp_path):
    data = tmp_path / "data"
    with sidecar(data, weave.url) as bridge:
        for probe in ("ready", "live", "startup"):
            assert healthcheck(f"--probe={probe}", f"--data-dir={data}") == 0
        assert healthcheck(OTEL_BRIDGE_DATA_DIR=str(data)) == 0
        assert healthcheck(f"--url={bridge.api}") == 0
    assert healthcheck(f"--data-dir={data}", f"--url={bridge.api}") == 1


def test_the_key_is_in_no_file_no_log_and_no_answer(weave, tmp_path):
    weave.key = KEY
    data = tmp_path / "data"
    with sidecar(data, weave.url, "--log-level=debug", "--shutdown-timeout=6s") as bridge:
        assert client.export(bridge.http, client.a_request(5)) == 200
        weave.wait(lambda: len(weave.whole()) == 5)
        weave.key = "another"
        assert client.export(bridge.http, client.a_request(5)) == 200
        weave.wait(lambda: "401" in ready(bridge)[1]["exporter weave"])
        answers = [client.call(bridge.api + path)[1] for path in ("/metrics", "/readyz")]
        places = [path.read_bytes() for path in data.rglob("*") if path.is_file()]
        places += [bridge.log.encode(), bridge.banner.encode(), *answers]
    secrets = [KEY.encode(), b64encode(f"api:{KEY}".encode())]
    assert len(places) > 4
    assert not any(secret in place for place in places for secret in secrets)


def law(bridge) -> dict[str, float]:
    """Calls of the exporter by what became of them; put = delivered + dead + lost + waiting."""
    found = samples(bridge)
    states = {s: found[f'otel_bridge_queue_calls_total{{exporter="weave",state="{s}"}}'] for s in STATES}
    states["waiting"] = found['otel_bridge_queue_waiting_calls{exporter="weave"}']
    states["lost"] = found['otel_bridge_lost_spans_total{exporter="weave"}']
    assert states["put"] == states["delivered"] + states["dead"] + states["lost"] + states["waiting"]
    return states


STATES = ("put", "delivered", "dead")


def test_every_accepted_call_is_accounted_for_across_a_restart(weave, start):
    weave.refused_ops = {"span 7"}
    with start() as bridge:
        assert client.export(bridge.http, client.a_request(20)) == 200
        weave.wait(lambda: law(bridge)["waiting"] == 0)
        assert law(bridge) == {"put": 20, "delivered": 19, "dead": 1, "lost": 0, "waiting": 0}
        accepted = 'otel_bridge_receiver_spans_total{encoding="protobuf",outcome="accepted",transport="http"}'
        assert metric(bridge, accepted) == 20
        assert metric(bridge, 'otel_bridge_exporter_calls_total{exporter="weave",outcome="sent"}') == 19
        weave.refuse_connections()
        assert client.export(bridge.http, client.a_request(5)) == 200
        weave.wait(lambda: law(bridge)["waiting"] == 5)
        bridge.kill_tree()
    with start() as bridge:
        assert law(bridge) == {"put": 25, "delivered": 19, "dead": 1, "lost": 0, "waiting": 5}
        weave.accept_connections()
        weave.wait(lambda: law(bridge)["delivered"] == 24)


@pytest.mark.long
def test_a_full_queue_tells_senders_to_wait_and_takes_more_when_there_is_room(weave, start):
    weave.refuse_connections()
    with start("--queue-size=16MiB") as bridge:
        taken = []
        for _ in range(160):
            request = client.a_request(1, text=token_urlsafe(1 << 18))  # compression gains a quarter
            code = client.export(bridge.http, request)
            if code == 503:
                break
            taken.append(request)
        assert code == 503
        assert 32 <= len(taken) < 160
        weave.wait(lambda: ready(bridge)[1]["queue"] == "full")
        weave.accept_connections()
        weave.wait(lambda: client.export(bridge.http, request) == 200)
        weave.wait(lambda: ids_of(taken) <= weave.whole())
        weave.wait(lambda: ready(bridge)[0] == 200)


@pytest.mark.long
def test_memory_stays_bounded_while_the_upstream_hangs(weave, start):
    weave.always = hang
    with start(timeout="2s") as bridge:
        for _ in range(60):
            assert client.export(bridge.http, client.a_request(500, text="a prompt " * 200)) == 200
        tree = [psutil.Process(bridge.process.pid), *bridge.children]
        assert sum(each.memory_info().rss for each in tree) < 400 << 20
        weave.always = None
        weave.released.set()
        weave.wait(lambda: len(weave.whole()) == 30_000, 300)
        assert sum(each.memory_info().rss for each in tree) < 400 << 20


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"WANDB_API_KEY": "", "WEAVE_ENDPOINT": ""}, "WANDB_API_KEY"),
        ({"WANDB_API_KEY": "two words"}, "this is no API key"),
        ({"WANDB_API_KEY_FILE": "/no/such/file", "WANDB_API_KEY": ""}, "/no/such/file"),
        ({"WANDB_API_KEY_FILE": "/no/such/file"}, "take one"),
        ({"WEAVE_ENDPOINT": "ftp://there"}, "WEAVE_ENDPOINT"),
        ({"WEAVE_ENDPOINT": "", "WF_TRACE_SERVER_URL": "http://u:p@there"}, "WF_TRACE_SERVER_URL"),
        ({"WANDB_ENTITY": ""}, "WANDB_ENTITY"),
        (
            {"OTEL_BRIDGE_API": "127.0.0.1:7777", "WEAVE_ENDPOINT": "http://localhost:7777"},
            "this bridge itself",
        ),
        ({"OTEL_BRIDGE_LOGS": "on"}, "--logs"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(tmp_path, env, expected):
    done = subprocess.run(
        [sys.executable, "-m", "otel_bridge", "run", f"--data-dir={tmp_path / 'data'}"],
        env=process.environment(**{**environment("http://127.0.0.1:9"), **env}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert expected in done.stderr
    assert KEY not in done.stderr


def test_a_span_without_any_project_is_rejected_and_told_how(weave, tmp_path):
    with sidecar(tmp_path / "data", weave.url, WANDB_ENTITY="", WANDB_PROJECT="") as bridge:
        span = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "a"}
        body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
        status, answer = client.call(f"{bridge.http}/v1/traces", body, Content_Type="application/json")
        assert status == 200
        partial = json.loads(answer)["partialSuccess"]
        assert int(partial["rejectedSpans"]) == 1
        assert "project_id" in partial["errorMessage"]
        assert PROJECT not in bridge.banner
