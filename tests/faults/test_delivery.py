"""What leaves a sidecar, in which shape, and what becomes of what the upstream does not take."""

from __future__ import annotations

import json

import pytest

from tests.e2e import client
from tests.faults.sidecar import KEY, PROJECT, sidecar

START = "2026-11-28T10:00:00Z"
CALL, TRACE = "00000000000000aa", "000000000000000000000000000000bb"


def batches(weave) -> list[tuple[str, int]]:
    return [(path, status) for path, _, status in weave.requests if path != "/"]


def dead(bridge) -> float:
    return metric(bridge, 'otel_bridge_queue_calls_total{exporter="weave",state="dead"}')


def metric(bridge, sample: str) -> float:
    """A sample of `/metrics`, 0 when it is not there."""
    text = client.call(f"{bridge.api}/metrics")[1].decode()
    found = [line.rpartition(" ")[2] for line in text.splitlines() if line.rpartition(" ")[0] == sample]
    return float(found[0]) if found else 0.0


def ready(bridge) -> tuple[int, dict[str, str]]:
    status, body = client.call(f"{bridge.api}/readyz")
    return status, json.loads(body)["parts"]


def test_a_sidecar_needs_nothing_but_its_environment(tmp_path, weave):
    weave.key = KEY
    with sidecar(tmp_path / "data", weave.url) as bridge:
        sent = client.a_request(50)
        assert client.export(bridge.http, sent) == 200
        weave.wait(lambda: len(weave.whole()) == 50)
        assert set(weave.calls) == set(client.span_ids(sent))
        call = weave.calls[client.span_ids(sent)[3]]
        assert (call["project_id"], call["op_name"]) == (PROJECT, "span 3")
        assert call["inputs"] == {"input.value": "hello"}
        assert call["otel_dump"]["name"] == "span 3"
        assert set(weave.times.values()) == {1}


def test_a_batch_has_no_more_calls_and_bytes_than_it_may(weave, start):
    with start(max_batch_calls=100, max_batch_bytes="100KiB") as bridge:
        sent = [client.a_request(400), client.a_request(50, text="x" * 10_000)]
        assert [client.export(bridge.http, one) for one in sent] == [200, 200]
        weave.wait(lambda: len(weave.whole()) == 450)
    sizes = [int(one["Content-Length"]) for one in weave.headers]
    assert len(sizes) >= 4 + 5
    assert max(sizes) <= 110_000


def test_a_body_that_is_too_large_is_halved_until_it_fits(weave, start):
    weave.max_items = 10
    with start() as bridge:
        assert client.export(bridge.http, client.a_request(40)) == 200
        weave.wait(lambda: len(weave.whole()) == 40)
        assert dead(bridge) == 0
    assert {status for _, status in batches(weave)} == {200, 413}


def test_a_single_call_that_is_too_large_becomes_a_dead_letter(weave, start):
    weave.max_items = 1
    with start() as bridge:
        assert client.export(bridge.http, client.a_request(1)) == 200
        weave.wait(lambda: dead(bridge) == 1)
        weave.max_items = None
        assert client.export(bridge.http, client.a_request(3)) == 200
        weave.wait(lambda: len(weave.whole()) == 3)


def test_one_bad_call_goes_to_the_dead_letters_and_the_rest_is_delivered(weave, start):
    weave.refused_ops = {"span 33"}
    with start() as bridge:
        sent = client.a_request(64)
        assert client.export(bridge.http, sent) == 200
        weave.wait(lambda: dead(bridge) == 1)
        weave.wait(lambda: len(weave.whole()) == 63)
        assert client.span_ids(sent)[33] not in weave.calls
        assert "Invalid op_name" in bridge.log
        assert metric(bridge, 'otel_bridge_exporter_calls_total{exporter="weave",outcome="dead_lettered"}') == 1


def test_a_refused_key_holds_the_queue_and_says_so_until_it_is_right(weave, start):
    weave.key = "another key"
    with start() as bridge:
        assert client.export(bridge.http, client.a_request(5)) == 200
        weave.wait(lambda: "401" in ready(bridge)[1]["exporter weave"])
        status, parts = ready(bridge)
        assert status == 200, "an upstream that refuses is no reason to take nothing more"
        assert PROJECT in parts["exporter weave"]
        assert bridge.log.count("delivery_held") == 1
        weave.key = KEY
        weave.wait(lambda: len(weave.whole()) == 5)
        weave.wait(lambda: ready(bridge)[1]["exporter weave"] == "ok")
        assert dead(bridge) == 0


def test_a_new_key_in_the_file_is_used_without_a_restart(weave, start, tmp_path):
    (tmp_path / "key").write_text("old key".replace(" ", "-"))
    weave.key = KEY
    with start(auth={"api_key_file": str(tmp_path / "key"), "scheme": "bearer"}) as bridge:
        assert client.export(bridge.http, client.a_request(5)) == 200
        weave.wait(lambda: "401" in ready(bridge)[1]["exporter weave"])
        (tmp_path / "key").write_text(KEY + "\n")
        weave.wait(lambda: len(weave.whole()) == 5)


def test_a_project_that_takes_whole_calls_gets_them_on_the_second_route(weave, start):
    weave.whole_only = {PROJECT}
    with start() as bridge:
        assert client.export(bridge.http, client.a_request(30)) == 200
        weave.wait(lambda: len(weave.whole()) == 30)
        assert dead(bridge) == 0
        body = {"start": {"project_id": PROJECT, "id": CALL, "trace_id": TRACE, "op_name": "half",
                          "started_at": START, "attributes": {}, "inputs": {}}}  # fmt: skip
        client.post(bridge.api, "/call/start", body)
        weave.wait(lambda: CALL in weave.calls)
        end = {"end": {"project_id": PROJECT, "id": CALL, "ended_at": START, "summary": {}, "output": 7}}
        client.post(bridge.api, "/call/end", end)
        weave.wait(lambda: CALL in weave.whole())
    paths = [path for path, status in batches(weave) if status == 200]
    assert f"/v2/{PROJECT}/calls/complete" in paths
    assert paths.count(f"/v2/{PROJECT}/call/start") == paths.count(f"/v2/{PROJECT}/call/end") == 1


def test_bodies_are_compressed_when_the_upstream_takes_that(weave, start):
    with start(compression="gzip") as bridge:
        assert client.export(bridge.http, client.a_request(20)) == 200
        weave.wait(lambda: len(weave.whole()) == 20)
    assert {coding for path, coding, _ in weave.requests} == {"gzip"}


def test_an_upstream_that_understands_no_gzip_gets_plain_bodies(weave, start):
    weave.takes_gzip = False
    with start(compression="gzip") as bridge:
        assert client.export(bridge.http, client.a_request(20)) == 200
        weave.wait(lambda: len(weave.whole()) == 20)
        assert dead(bridge) == 0


def test_names_and_deletions_do_not_overtake_their_calls(weave, start):
    weave.refuse_connections()
    with start() as bridge:
        sent = client.a_request(30)
        assert client.export(bridge.http, sent) == 200
        first, second = client.span_ids(sent)[:2]
        update = {"project_id": PROJECT, "call_id": first, "display_name": "named"}
        client.post(bridge.api, "/call/update", update)
        client.post(bridge.api, "/calls/delete", {"project_id": PROJECT, "call_ids": [second]})
        weave.accept_connections()
        weave.wait(lambda: weave.deleted == [second])
        assert weave.renamed == {first: "named"}
        paths = [path for path, _ in batches(weave)]
        assert paths[-2:] == ["/call/update", "/calls/delete"]
        assert len(weave.whole()) == 30


@pytest.mark.parametrize("required", [True, False])
def test_two_upstreams_each_get_everything_and_neither_waits_for_the_other(weave, start, tmp_path, required):
    from tests.faults.upstream import upstream

    with upstream() as audit:
        audit.refuse_connections()
        file = tmp_path / "two.json"
        impatient = {"retry_on_failure": {"initial_interval": "20ms", "max_interval": "200ms"}}
        document = {
            "receivers": {"otlp": {"protocols": {"http": {}}}, "weave_api": {}},
            "exporters": {
                "weave": {"endpoint": weave.url, "project": PROJECT, **impatient},
                "weave/audit": {
                    "endpoint": audit.url,
                    "project": "team/audit",
                    "required": required,
                    **impatient,
                },
            },
            "service": {
                "pipelines": {
                    "traces": {"receivers": ["otlp", "weave_api"], "exporters": ["weave", "weave/audit"]}
                }
            },
        }
        file.write_text(json.dumps(document))
        with sidecar(tmp_path / "data", weave.url, f"--config={file}") as bridge:
            assert client.export(bridge.http, client.a_request(20)) == 200
            weave.wait(lambda: len(weave.whole()) == 20)
            assert not audit.calls
            audit.accept_connections()
            audit.wait(lambda: len(audit.whole()) == 20)
            assert {call["project_id"] for call in weave.calls.values()} == {PROJECT}
            assert {call["project_id"] for call in audit.calls.values()} == {"team/audit"}


def test_a_project_that_hangs_does_not_hold_up_another(weave, start):
    from tests.faults.behaviours import hang

    weave.slow_projects = {"team/slow": hang}
    with start() as bridge:
        for project in ("team/slow", "team/quick"):
            body = client.a_request(100).SerializeToString()
            status, _ = client.call(
                f"{bridge.http}/v1/traces", body, project_id=project, Content_Type="application/x-protobuf"
            )
            assert status == 200
        weave.wait(lambda: len(weave.whole()) == 100)
        assert {call["project_id"] for call in weave.calls.values()} == {"team/quick"}
