"""Real bridges and real workers whose jobs travel through Kafka."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys

import pytest

from tests.e2e import client
from tests.e2e.kill_rounds import accepted, write_calls
from tests.e2e.process import ROOT, environment, running
from tests.faults import scoring_rounds as rounds
from tests.integration.kafka.conftest import Kafka
from tests.integration.kafka.records import records


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def scored(bridge, promised) -> None:
    """Wait until all that was promised is done, and look at it."""
    done = rounds.until(lambda: rounds.counts(bridge.api).get("done", 0) >= len(promised.tasks))
    assert done, (rounds.counts(bridge.api), bridge.log[-4000:])
    rounds.check(bridge.api, promised)


@pytest.mark.long
def test_calls_are_scored_once_by_request_and_by_monitors_though_a_worker_is_killed(make_kafka, folder):
    kafka = make_kafka(session_timeout="1s")
    promised = rounds.Promised()
    with running(folder / "data", rounds.config(folder, kafka.extension)) as bridge:
        for _ in range(3):
            rounds.ask(bridge.api, promised)
        assert promised.asked
        assert rounds.until(lambda: rounds.counts(bridge.api).get("done", 0) > 0)
        rounds.kill(bridge, "scoring.worker")
        scored(bridge, promised)
    jobs = [json.loads(one.value) for one in records(kafka.cluster.brokers, kafka.settings.topic, 1)]
    assert {call_id for one in jobs for call_id in one["call_ids"]} == promised.asked | promised.watched
    ended = records(kafka.cluster.brokers, kafka.settings.call_ended_topic, 1)
    assert {json.loads(one.value)["id"] for one in ended} >= promised.watched


def alone(folder, bridge, name: str) -> subprocess.Popen[bytes]:
    """Start a worker by itself."""
    flags = [f"--endpoint={bridge.api}", f"--config={folder / 'scoring.json'}", f"--name={name}"]
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "otel_bridge", "score-worker", *flags],
            stdout=log, stderr=log, env=environment(), cwd=ROOT,
        )  # fmt: skip


@pytest.mark.long
def test_workers_elsewhere_share_the_jobs_and_what_one_that_is_killed_held_is_done_by_the_other(mock, folder):
    kafka = Kafka(mock, session_timeout="1s")
    flag = rounds.config(folder, kafka.extension, workers=0)
    promised = rounds.Promised()
    with running(folder / "data", flag) as bridge:
        workers = [alone(folder, bridge, name) for name in ("one", "two")]
        try:
            for _ in range(6):
                rounds.ask(bridge.api, promised)
            assert rounds.until(lambda: rounds.counts(bridge.api).get("done", 0) > 0)
            workers[0].kill()
            scored(bridge, promised)
            workers[1].send_signal(signal.SIGTERM)
            assert workers[1].wait(30) == 0
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()


def test_with_the_brokers_away_scoring_answers_503_and_asking_again_later_scores(mock, folder):
    kafka = Kafka(mock, timeout="1s", session_timeout="1s")
    promised = rounds.Promised()
    mock.stop()
    try:
        with running(folder / "data", rounds.config(folder, kafka.extension)) as bridge:
            made = write_calls(bridge.api, rounds.CALLS)
            body = {"project_id": client.PROJECT, "call_ids": made, "scorer_refs": rounds.ASKED}
            status, answer = client.call(f"{bridge.api}/calls/score", json.dumps(body).encode())
            assert (status, "Kafka has not kept the scoring jobs" in answer.decode()) == (503, True)
            mock.start()
            assert rounds.until(lambda: accepted(bridge.api, "/calls/score", body))
            promised.asked.update(made)
            scored(bridge, promised)
    finally:
        mock.start()


@pytest.mark.long
def test_killed_at_random_nothing_is_lost_and_nothing_is_there_twice(mock, folder):
    kafka = Kafka(mock, session_timeout="1s")
    assert rounds.rounds(12, folder, random.randrange(10**6), kafka.extension)["results"] > 0
