"""Reloads under load: no request fails, and nothing that was acknowledged is lost or doubled."""

from __future__ import annotations

from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e import client
from tests.e2e.reload.configured import Configured, a_document, configured, marking
from tests.e2e.reload.load import Load, under_load
from tests.e2e.waiting import until
from tests.faults.metrics import metric
from tests.faults.upstream import upstream as serving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.upstream import Upstream

PROJECT = client.PROJECT


def bad_files(folder: Path, taken: str) -> list[tuple[dict[str, Any] | str, str]]:
    """What cannot be taken over, and what becomes of it."""
    elsewhere = a_document(folder, processors=marking("bad"))
    elsewhere["exporters"]["store"]["path"] = str(folder / "elsewhere")
    busy = a_document(folder, processors=marking("bad"))
    busy["receivers"]["weave_api"]["endpoint"] = taken
    unset = a_document(folder, processors=marking("${env:NOT_SET_ANYWHERE}"))
    pattern = a_document(folder, processors={"redaction": {"blocked_values": ["("], "allow_all_keys": True}})
    unknown = a_document(folder, processors={"atributes": {}})
    return [
        ("receivers: [", "invalid"),
        ("", "invalid"),
        (unset, "invalid"),
        (pattern, "invalid"),
        (unknown, "invalid"),
        (elsewhere, "needs_restart"),
        (busy, "failed"),
    ]


def keeps_serving(folder: Path, reloads: int) -> None:
    with configured(folder, a_document(folder, processors=marking("good"))) as up:
        with under_load(up.bridge) as load:
            for what, outcome in islice(cycle(bad_files(folder, up.bridge.grpc)), reloads):
                up.reload(what, outcome)
                assert up.last_success == 0
            _some_more(load)
        assert load.failures == []
        _is_kept(up, load)
        found = client.post(up.bridge.api, "/calls/stream_query", {"project_id": PROJECT})
        assert {call["attributes"]["otel_span"]["attributes"]["mark"] for call in found} == {"good"}


def test_bad_files_drop_no_request(tmp_path):
    keeps_serving(tmp_path, 7)


@pytest.mark.long
def test_a_hundred_bad_files_drop_no_request(tmp_path):
    keeps_serving(tmp_path, 100)


class Variants:
    """Configurations of one bridge, each different from the one before in another way."""

    def __init__(self, folder: Path, first: Upstream, second: Upstream) -> None:
        self._folder = folder
        self._servers = (first, second)

    def document(self, number: int) -> dict[str, Any]:
        document = a_document(self._folder, processors=marking(str(number)))
        server = self._servers[number % 2]
        document["exporters"]["weave/main"] = self._exporter(server, key=f"key-{number}")
        pipelines = document["service"]["pipelines"]
        pipelines["traces"]["exporters"].append("weave/main")
        changes = (
            self._log_level, self._limits, self._sampled, self._scored, self._routed, self._retention
        )  # fmt: skip
        changes[number % len(changes)](document)
        return document

    @staticmethod
    def _exporter(server: Upstream, key: str) -> dict[str, Any]:
        return {
            "endpoint": server.url,
            "auth": {"api_key": key},
            "retry_on_failure": {"initial_interval": "20ms", "max_interval": "200ms"},
            "sending_queue": {"batch": {"flush_timeout": "10ms"}},
        }

    @staticmethod
    def _log_level(document: dict[str, Any]) -> None:
        document["service"]["telemetry"] = {"logs": {"level": "debug"}}

    @staticmethod
    def _limits(document: dict[str, Any]) -> None:
        protocols = document["receivers"]["otlp"]["protocols"]
        protocols["http"]["max_request_body_size"] = "2MiB"
        protocols["grpc"]["max_recv_msg_size_mib"] = 2
        document["processors"]["memory_limiter"] = {"check_interval": "1s", "limit_percentage": 95}
        document["service"]["pipelines"]["traces"]["processors"].insert(0, "memory_limiter")

    @staticmethod
    def _sampled(document: dict[str, Any]) -> None:
        """A pipeline more, with a file of its own."""
        document["processors"]["probabilistic_sampler"] = {"sampling_percentage": 50}
        document["exporters"]["debug"] = {}
        document["service"]["pipelines"]["traces/some"] = {
            "receivers": ["otlp"], "processors": ["probabilistic_sampler"], "exporters": ["debug"],
        }  # fmt: skip

    @staticmethod
    def _scored(document: dict[str, Any]) -> None:
        document["receivers"]["weave_api"]["scoring"] = {
            "scorers": {"short": {"type": "length", "max": 10_000}},
            "monitors": {"all": {"scorers": ["short"], "sampling_rate": 0.01}},
        }

    @staticmethod
    def _routed(document: dict[str, Any]) -> None:
        pipelines = document["service"]["pipelines"]
        condition = 'attributes["service.name"] == "e2e"'
        document["connectors"] = {
            "routing": {
                "table": [{"context": "resource", "condition": condition, "pipelines": ["traces/all"]}],
                "default_pipelines": ["traces/all"],
            }
        }
        pipelines["traces/all"] = {"receivers": ["routing"], "exporters": pipelines["traces"]["exporters"]}
        pipelines["traces"]["exporters"] = ["routing"]

    @staticmethod
    def _retention(document: dict[str, Any]) -> None:
        document["exporters"]["store"] |= {"retention": "30d", "max_bytes": "5GiB"}


def takes_over(folder: Path, reloads: int) -> None:
    with serving() as first, serving() as second:
        variants = Variants(folder, first, second)
        with configured(folder, variants.document(0)) as up:
            with under_load(up.bridge) as load:
                for number in range(1, reloads + 1):
                    up.reload(variants.document(number))
                    assert up.last_success == 1
                _some_more(load)
            assert load.failures == []
            _is_kept(up, load)
            waiting = 'otel_bridge_queue_waiting_calls{exporter="weave/main"}'
            until(lambda: metric(up.bridge, waiting) == 0, "the queue runs empty")
            assert first.whole() | second.whole() == load.kept
            assert not first.whole() & second.whole()
            assert {count for server in (first, second) for count in server.times.values()} == {1}
            assert metric(up.bridge, 'otel_bridge_lost_spans_total{exporter="weave/main"}') == 0


def test_good_files_are_taken_over_and_drop_no_request(tmp_path):
    takes_over(tmp_path, 3)


@pytest.mark.long
def test_sixty_good_files_are_taken_over_and_drop_no_request(tmp_path):
    takes_over(tmp_path, 60)


def _some_more(load: Load) -> None:
    """Let every sender go on for a while."""
    seen = load.answered
    until(lambda: load.answered > seen + 10)


def _is_kept(up: Configured, load: Load) -> None:
    """What was acknowledged is there, once, and nothing else is."""
    found = client.ids(up.bridge.api)
    assert len(found) == len(set(found))
    assert set(found) == load.kept
