"""What `score-worker` is told: options, variables and the bridge's own file."""

from __future__ import annotations

import json
import os

import pytest
from click.testing import CliRunner

from otel_bridge.cli import cli
from otel_bridge.scoring import worker

PIPELINE = {"receivers": ["weave_api"], "exporters": ["store"]}
SCORING = {
    "runners": 2,
    "scorers": {"brief": {"type": "length", "max": 9, "limits": {"timeout": "5s", "concurrency": 9}}},
}


@pytest.fixture
def started(monkeypatch):
    """What a worker was started with."""
    found = []

    async def serve_alone(start, settings):
        found.append((start, settings))

    monkeypatch.setattr(worker, "serve_alone", serve_alone)
    return found


def invoke(*flags: str, **variables: str):
    clean = {name: None for name in os.environ if name.startswith("OTEL_BRIDGE_")}
    return CliRunner().invoke(cli, ["score-worker", *flags], env=clean | variables)


def a_file(folder, scoring=SCORING) -> str:
    path = folder / "bridge.json"
    document = {"receivers": {"weave_api": {"scoring": scoring}}, "exporters": {"store": {}},
                "service": {"pipelines": {"traces": PIPELINE}}}  # fmt: skip
    path.write_text(json.dumps(document))
    return str(path)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--endpoint", "ftp://x"), "--endpoint"),
        (("--config", "no-such-file.yaml"), "no-such-file.yaml"),
        (("--concurrency", "0"), "--concurrency"),
        (("--runners", "many"), "--runners"),
        (("--log-level", "loud"), "--log-level"),
    ],
)
def test_a_mistake_in_an_option_is_told_with_exit_code_2(started, flags, told):
    outcome = invoke(*flags)
    assert outcome.exit_code == 2
    assert told in outcome.stderr
    assert started == []


def test_a_mistake_in_the_file_is_told_by_line(started, tmp_path):
    outcome = invoke("--config", a_file(tmp_path, {"scorers": {"x": {"type": "lenght"}}}))
    assert outcome.exit_code == 2
    assert "lenght" in outcome.stderr
    assert started == []


def test_without_a_word_it_works_for_the_bridge_beside_it(started):
    assert invoke().exit_code == 0
    ((start, settings),) = started
    assert start.url == "http://127.0.0.1:6345"
    assert str(os.getpid()) in start.worker
    assert settings.scorers == {}


def test_the_file_of_the_bridge_says_what_the_scorers_are_and_options_how_many_at_a_time(started, tmp_path):
    flags = ("--config", a_file(tmp_path), "--concurrency", "3", "--runners", "5", "--name", "w")
    assert invoke(*flags, OTEL_BRIDGE_ENDPOINT="http://bridge:1/").exit_code == 0
    ((start, settings),) = started
    assert (start.url, start.worker, settings.runners) == ("http://bridge:1", "w", 5)
    assert settings.limits.concurrency == 3
    brief = settings.scorers["brief"]
    assert (brief.limits.concurrency, brief.limits.timeout.total_seconds(), brief.max) == (3, 5, 9)
