"""What leaves a sidecar, in which shape, and what becomes of what the upstream does not take.

One sidecar and one upstream serve most tests: each test has a project of its own.
"""

from __future__ import annotations

import json
from itertools import count
from secrets import token_urlsafe

import pytest

from tests.e2e import client, process
from tests.faults.behaviours import hang, status
from tests.faults.metrics import metric, ready
from tests.faults.sidecar import KEY, PROJECT, config, sidecar
from tests.faults.upstream import upstream

START = "2026-11-28T10:00:00Z"
TRACE = "000000000000000000000000000000bb"
PROTOBUF = "application/x-protobuf"
NUMBERS = count(1)


class Scene:
    """A sidecar, its upstream, and a project that nobody else uses."""

    def __init__(self, weave, bridge):
        self.weave, self.bridge = weave, bridge
        self.project = f"team/project-{next(NUMBERS)}"
        self.seen = len(weave.requests)
        self._dead = self._dead_letters()

    def send(self, spans: int, **made: object) -> set[str]:
        """Send spans of the project; return their ids."""
        request = client.a_request(spans, **made)
        url, body = f"{self.bridge.http}/v1/traces", request.SerializeToString()
        status, _ = client.call(url, body, project_id=self.project, Content_Type=PROTOBUF)
        assert status == 200
        return set(client.span_ids(request))

    def arrived(self, ids: set[str]) -> None:
        self.weave.wait(lambda: ids <= self.weave.whole())

    @property
    def answers(self) -> list[tuple[str, int]]:
        return [(path, status) for path, _, status in self.weave.requests[self.seen :]]

    @property
    def dead(self) -> float:
        return self._dead_letters() - self._dead

    def _dead_letters(self) -> float:
        return metric(self.bridge, 'otel_bridge_queue_calls_total{exporter="weave",state="dead"}')


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("delivery")
    with upstream() as weave:
        file = config(folder / "bridge.json", weave.url, max_batch_calls=100, max_batch_bytes="100KiB")
        with sidecar(folder / "data", weave.url, file) as bridge:
            yield weave, bridge


@pytest.fixture
def scene(pair):
    """A scene whose upstream is as good as new."""
    weave, bridge = pair
    yield Scene(weave, bridge)
    weave.max_items, weave.key = None, None
    weave.refused_ops, weave.fatal_ops = set(), set()
    weave.whole_only, weave.slow_projects = set(), {}


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


def test_a_batch_has_no_more_calls_and_bytes_than_it_may(scene):
    before = len(scene.weave.headers)
    scene.arrived(scene.send(400) | scene.send(50, text="x" * 10_000))
    sizes = [int(one["Content-Length"]) for one in scene.weave.headers[before:]]
    assert len(sizes) >= 4 + 5
    assert max(sizes) <= 110_000


def test_a_body_that_is_too_large_is_halved_until_it_fits(scene):
    scene.weave.max_items = 10
    scene.arrived(scene.send(40))
    assert scene.dead == 0
    assert {status for _, status in scene.answers} == {200, 413}


def test_a_single_call_that_is_too_large_becomes_a_dead_letter(scene):
    scene.weave.max_items = 1
    scene.send(1)
    scene.weave.wait(lambda: scene.dead == 1)
    scene.weave.max_items = None
    scene.arrived(scene.send(3))


def test_one_bad_call_goes_to_the_dead_letters_and_the_rest_is_delivered(scene):
    scene.weave.refused_ops = {"span 33"}
    ids = scene.send(64)
    scene.weave.wait(lambda: scene.dead == 1)
    scene.weave.wait(lambda: len(ids & scene.weave.whole()) == 63)
    (missing,) = ids - scene.weave.whole()
    assert missing not in scene.weave.calls
    assert "Invalid op_name" in scene.bridge.log


def test_one_call_that_the_upstream_cannot_survive_does_not_hold_up_the_rest(scene):
    scene.weave.fatal_ops = {"span 7"}
    ids = scene.send(16)
    scene.weave.wait(lambda: scene.dead == 1)
    scene.weave.wait(lambda: len(ids & scene.weave.whole()) == 15)


def test_an_upstream_that_survives_no_call_gets_them_all_later(scene):
    scene.weave.behave(*[status(500)] * 25)
    scene.arrived(scene.send(4))
    assert scene.weave.planned == 0
    assert scene.dead == 0


def test_a_refused_key_holds_the_queue_and_says_so_until_it_is_right(scene):
    scene.weave.key = "another key"
    ids = scene.send(5)
    scene.weave.wait(lambda: "401" in ready(scene.bridge)[1]["exporter weave"])
    status, parts = ready(scene.bridge)
    assert status == 200, "an upstream that refuses is no reason to take nothing more"
    assert scene.project in parts["exporter weave"]
    held = [
        line for line in scene.bridge.log.splitlines() if "delivery_held" in line and scene.project in line
    ]
    assert len(held) == 1
    scene.weave.key = KEY
    scene.arrived(ids)
    scene.weave.wait(lambda: ready(scene.bridge)[1]["exporter weave"] == "ok")
    assert scene.dead == 0


def test_a_project_that_takes_whole_calls_gets_them_on_the_second_route(scene):
    scene.weave.whole_only = {scene.project}
    scene.arrived(scene.send(30))
    call = {"project_id": scene.project, "id": "00000000000000aa"}
    start = {
        **call,
        "trace_id": TRACE,
        "op_name": "half",
        "started_at": START,
        "attributes": {},
        "inputs": {},
    }
    client.post(scene.bridge.api, "/call/start", {"start": start})
    scene.weave.wait(lambda: call["id"] in scene.weave.calls)
    client.post(
        scene.bridge.api, "/call/end", {"end": {**call, "ended_at": START, "summary": {}, "output": 7}}
    )
    scene.arrived({call["id"]})
    paths = [path for path, status in scene.answers if status == 200]
    assert f"/v2/{scene.project}/calls/complete" in paths
    assert paths.count(f"/v2/{scene.project}/call/start") == paths.count(f"/v2/{scene.project}/call/end") == 1
    assert scene.dead == 0


def test_names_and_deletions_do_not_overtake_their_calls(scene):
    scene.weave.refuse_connections()
    ids = scene.send(30)
    first, second = sorted(ids)[:2]
    named = {"project_id": scene.project, "call_id": first, "display_name": "named"}
    client.post(scene.bridge.api, "/call/update", named)
    client.post(scene.bridge.api, "/calls/delete", {"project_id": scene.project, "call_ids": [second]})
    scene.weave.accept_connections()
    scene.weave.wait(lambda: scene.weave.deleted == [second])
    assert scene.weave.renamed == {first: "named"}
    assert [path for path, _ in scene.answers][-2:] == ["/call/update", "/calls/delete"]
    assert ids <= scene.weave.whole()


def test_a_project_that_hangs_does_not_hold_up_another(pair, scene):
    other = Scene(*pair)
    scene.weave.slow_projects = {other.project: hang}
    slow = other.send(100)
    scene.arrived(scene.send(100))
    assert not slow & scene.weave.whole()
    scene.weave.slow_projects = {}
    scene.weave.released.set()
    other.arrived(slow)
    scene.weave.released.clear()


def test_a_new_key_in_the_file_is_used_without_a_restart(weave, start, tmp_path):
    (tmp_path / "key").write_text("an-old-key")
    weave.key = KEY
    with start(auth={"api_key_file": str(tmp_path / "key"), "scheme": "bearer"}) as bridge:
        assert client.export(bridge.http, client.a_request(5)) == 200
        weave.wait(lambda: "401" in ready(bridge)[1]["exporter weave"])
        (tmp_path / "key").write_text(KEY + "\n")
        weave.wait(lambda: len(weave.whole()) == 5)


@pytest.mark.parametrize("understood", [True, False])
def test_bodies_are_compressed_when_the_upstream_takes_that(weave, start, understood):
    weave.takes_gzip = understood
    with start(compression="gzip") as bridge:
        assert client.export(bridge.http, client.a_request(20)) == 200
        weave.wait(lambda: len(weave.whole()) == 20)
    kept = {coding for _, coding, status in weave.requests if status == 200}
    assert kept == ({"gzip"} if understood else {""})


def test_a_standalone_bridge_keeps_its_calls_and_sends_them_on(weave, tmp_path):
    weave.refuse_connections()
    with process.running(
        tmp_path / "data", f"--upstream={weave.url}", f"--default-project={PROJECT}"
    ) as bridge:
        sent = client.a_request(20)
        assert client.export(bridge.http, sent) == 200
        ids = set(client.span_ids(sent))
        assert set(client.ids(bridge.api, PROJECT)) == ids, "read here before the upstream has them"
        gone = min(ids)
        client.post(bridge.api, "/calls/delete", {"project_id": PROJECT, "call_ids": [gone]})
        client.post(bridge.api, "/feedback/create", {
            "project_id": PROJECT, "weave_ref": f"weave:///{PROJECT}/call/{max(ids)}",
            "feedback_type": "wandb.note.1", "payload": {"note": "kept here"}})  # fmt: skip
        weave.accept_connections()
        weave.wait(lambda: weave.deleted == [gone])
        assert weave.whole() == ids
        assert set(client.ids(bridge.api, PROJECT)) == ids - {gone}
        assert {path for path, _, _ in weave.requests} == {"/call/upsert_batch", "/calls/delete"}


def two_upstreams(first: str, second: str) -> dict:
    """Both get everything, the second one under a project of its own."""
    impatient = {"retry_on_failure": {"initial_interval": "20ms", "max_interval": "200ms"}}
    return {
        "receivers": {"otlp": {"protocols": {"http": {}}}, "weave_api": {}},
        "exporters": {
            "weave": {"endpoint": first, "project": PROJECT, **impatient},
            "weave/audit": {"endpoint": second, "project": "team/audit", "required": False, **impatient},
        },
        "service": {
            "pipelines": {
                "traces": {"receivers": ["otlp", "weave_api"], "exporters": ["weave", "weave/audit"]}
            }
        },
    }


@pytest.mark.long
def test_an_upstream_that_is_not_required_never_refuses_a_sender(weave, tmp_path):
    file = tmp_path / "two.json"
    with upstream() as audit:
        audit.refuse_connections()
        file.write_text(json.dumps(two_upstreams(weave.url, audit.url)))
        with sidecar(tmp_path / "data", weave.url, f"--config={file}", "--queue-size=16MiB") as bridge:
            sent = [client.a_request(1, text=token_urlsafe(1 << 18)) for _ in range(100)]
            assert {client.export(bridge.http, one) for one in sent} == {200}
            ids = {one for request in sent for one in client.span_ids(request)}
            weave.wait(lambda: ids <= weave.whole())
            assert metric(bridge, 'otel_bridge_queue_calls_total{exporter="weave/audit",state="dead"}') > 0
            audit.accept_connections()
            waiting = 'otel_bridge_queue_waiting_calls{exporter="weave/audit"}'
            audit.wait(lambda: metric(bridge, waiting) == 0)
            dead = metric(bridge, 'otel_bridge_queue_calls_total{exporter="weave/audit",state="dead"}')
            assert dead + len(audit.whole()) == 100


def test_two_upstreams_each_get_everything_and_neither_waits_for_the_other(weave, tmp_path):
    file = tmp_path / "two.json"
    with upstream() as audit:
        audit.refuse_connections()
        file.write_text(json.dumps(two_upstreams(weave.url, audit.url)))
        with sidecar(tmp_path / "data", weave.url, f"--config={file}") as bridge:
            assert client.export(bridge.http, client.a_request(20)) == 200
            weave.wait(lambda: len(weave.whole()) == 20)
            assert not audit.calls
            audit.accept_connections()
            audit.wait(lambda: len(audit.whole()) == 20)
            assert {call["project_id"] for call in weave.calls.values()} == {PROJECT}
            assert {call["project_id"] for call in audit.calls.values()} == {"team/audit"}
