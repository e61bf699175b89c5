"""Scorers that the real Weave SDK publishes, applied by `/calls/score`, and read back by the SDK."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import psutil
import pytest

from tests.e2e.disk import holders
from tests.e2e.process import running
from tests.e2e.weave_sdk import outcome_of
from tests.fixtures import fake_model

SESSION = Path(__file__).with_name("weave_scoring_session.py")
KEY, TOKEN = "sk-fake-model-key", "remote-service-token"
CONFIG = """\
receivers:
  weave_api:
    scoring:
      providers:
        fake: {{base_url: "{model}", api_key: "${{env:FAKE_KEY}}"}}
      secrets:
        SERVICE_TOKEN: {{value: "${{env:SERVICE_TOKEN}}", hosts: ["{host}"]}}
      remote_hosts: ["{host}"]
      limits: {{attempts: 3}}
exporters:
  store:
service:
  pipelines:
    traces: {{receivers: [weave_api], exporters: [store]}}
"""


class Service(BaseHTTPRequestHandler):
    """A remote scorer by Weave's schema: short replies are good."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.came.append((dict(self.headers), body))
        output = body["original_call"]["output"]
        score = {"value": 1.0 if len(output) < 16 else 0.25, "reason": f"{len(output)} characters"}
        answer = orjson.dumps({"schema_version": 1, "result": score})
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.came = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def bridge(service, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scoring")
    host = f"127.0.0.1:{service.server_port}"
    with fake_model.running(KEY) as url:
        config = folder / "bridge.yaml"
        config.write_text(CONFIG.format(model=url, host=host))
        variables = {"FAKE_KEY": KEY, "SERVICE_TOKEN": TOKEN}
        with running(folder / "data", f"--config={config}", **variables) as bridge:
            yield bridge


@pytest.fixture(scope="module")
def session(sdk_python, bridge, service, tmp_path_factory) -> dict:
    url = f"http://127.0.0.1:{service.server_port}/score"
    return outcome_of(sdk_python, SESSION, tmp_path_factory.mktemp("home"), bridge.api, SCORED_BY=url)


def test_a_published_judge_scores_calls_unchanged(session):
    kind, unkind = session["verdicts"]["kind"], session["verdicts"]["unkind"]
    assert kind["polite"]["output"] == {"pass": True, "score": 1.0, "reason": "it says 'please'"}
    assert unkind["polite"]["output"]["pass"] is False


def test_a_judge_with_a_prompt_object_answers_in_words(session):
    assert session["verdicts"]["kind"]["worded"]["output"] == "kind: it says 'please'"


def test_a_published_remote_scorer_is_asked_with_the_secret_it_names(session, service):
    assert session["verdicts"]["kind"]["remote"]["output"] == {"value": 0.25, "reason": "19 characters"}
    headers, body = service.came[0]
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert body["scorer"] == {
        "name": "remote",
        "ref": session["refs"]["remote"],
        "config": {"threshold": 0.5},
    }
    assert len(service.came) == 3  # two calls, and one that a monitor had scored


def test_feedback_names_the_scorer_and_the_run(session):
    for name, verdict in session["verdicts"]["kind"].items():
        assert verdict["runnable_ref"] == session["refs"][name]
        assert verdict["call_ref"].startswith("weave:///me/scored/call/")
        assert verdict["trigger_ref"] is None


def test_a_run_tells_what_it_was_given_its_tokens_and_what_they_cost(session):
    run = session["runs"]["kind"]["polite"]
    assert run["usage"] == {
        "fake-1": {"input_tokens": 8, "output_tokens": 8, "total_tokens": 16, "requests": 1}
    }
    assert run["costs"]["fake-1"]["prompt_tokens_total_cost"] == 8.0
    assert run["costs"]["fake-1"]["completion_tokens_total_cost"] == 80.0
    assert run["inputs"] == ["output", "self"]
    assert run["output"]["pass"] is True
    assert run["exception"] is None


def test_the_sdk_reads_verdicts_as_a_series(session):
    assert session["series"] == {
        "places": {"output.pass": "boolean", "output.reason": "categorical", "output.score": "numeric"},
        "told": {
            "output_score": {"avg": 0.5, "min": 0.0, "max": 1.0},
            "output_pass": {"count_true": 1.0, "count_false": 1.0},
        },
    }


def test_a_judge_whose_server_was_busy_is_asked_again(session):
    runs = [session["runs"][call]["patient"] for call in ("kind", "unkind")]
    assert [run["output"] for run in runs] == ["kind: it says 'please'", "unkind: it has no kind word"]
    assert sorted(run["attempt"] for run in runs) == [1, 2]


def test_a_judge_whose_answer_is_no_json_gives_no_feedback_but_an_error(session):
    assert "vague" not in session["verdicts"]["kind"]
    assert session["scored_by_none"] == []
    assert session["errors"] == ["the answer of the model is no JSON: 'Well, it depends.'"] * 2


def test_the_sdk_finds_what_was_scored_by_name_and_by_ref(session):
    both = sorted(session["ids"].values())
    assert session["scored_by_name"] == session["scored_by_ref"] == both
    assert session["scored_by_both"] == [session["ids"]["kind"]]
    assert session["passed"] == [session["ids"]["kind"]]


def test_scoring_again_scores_nothing_twice(session):
    assert session["again"] == 5  # four of these scorers, and one that the program applied itself


def test_a_monitor_of_the_sdk_scores_what_its_query_selects_when_it_ends(session, service):
    monitor = session["monitor"]
    assert monitor["verdicts"]["polite"]["output"]["pass"] is True
    assert {one["trigger_ref"] for one in monitor["verdicts"].values()} == {monitor["ref"]}
    assert {name: one["runnable_ref"] for name, one in monitor["verdicts"].items()} == {
        name: session["refs"][name] for name in ("polite", "remote")
    }
    assert monitor["passed_over"] == {}
    digest = monitor["ref"].rpartition(":")[2]
    assert service.came[-1][1]["monitor"] == {"name": "watch", "version_digest": digest}


def test_what_needs_code_or_an_address_that_is_not_allowed_is_refused_by_name(session):
    assert "coded" in session["refused"]
    assert "stands_in_for" in session["refused"]
    assert "models.example.com is not in scoring.remote_hosts" in session["refused"]
    assert session["refs"]["polite"] not in session["refused"]


def test_a_published_judge_can_be_loaded_again(session):
    assert session["loaded"] == "fake/fake-1"


def test_no_key_is_in_the_log_in_a_file_or_in_a_command_line(session, bridge):
    assert session["verdicts"]
    children = psutil.Process(bridge.process.pid).children(recursive=True)
    commands = "\n".join(" ".join(child.cmdline()) for child in children)
    assert holders(bridge.data_dir, "it says 'please'")
    for secret in (KEY, TOKEN):
        assert holders(bridge.data_dir, secret) == []
        assert secret not in bridge.log
        assert secret not in commands
