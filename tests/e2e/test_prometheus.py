"""The Prometheus example: what its rules and its dashboard ask for is what a bridge says, and alerts fire."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.parse
from contextlib import contextmanager
from pathlib import Path

import promql_parser
import pytest
import yaml

from tests.e2e import client, process
from tests.faults.sidecar import environment
from tests.faults.upstream import upstream

FOLDER = Path(__file__).parents[2] / "examples/prometheus"
RULES = [
    rule for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"] for rule in group["rules"]
]
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
OWN = {"up", "ALERTS"} | {rule["record"] for rule in RULES if "record" in rule}
"""Metrics that Prometheus makes itself."""
SECONDS = 60


def asked_by_the_dashboard() -> list[str]:
    """Its queries, with what Grafana fills in."""
    queries = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [query.replace("$__rate_interval", "1m").replace("$instance", ".+") for query in queries]


def selectors(query: str) -> list[promql_parser.VectorSelector]:
    """Everything that a query selects."""
    nodes: list[promql_parser.Expr] = []
    promql_parser.walk(promql_parser.parse(query), nodes.append)
    return [node for node in nodes if isinstance(node, promql_parser.VectorSelector)]


@pytest.fixture(scope="module")
def exposed(tmp_path_factory):
    """The names of all metrics of a bridge that has a store and an upstream."""
    with upstream() as weave:
        data = tmp_path_factory.mktemp("prometheus") / "data"
        with process.running(data, f"--upstream={weave.url}", **environment(weave.url)) as bridge:
            text = client.call(f"{bridge.api}/metrics")[1].decode()
    types = [line.split()[2:] for line in text.splitlines() if line.startswith("# TYPE ")]
    parts = [
        f"{name}_{part}" for name, kind in types if kind == "histogram" for part in ("bucket", "sum", "count")
    ]
    return {name for name, _ in types} | set(parts)


@pytest.mark.parametrize(
    "query", [*(rule["expr"] for rule in RULES), *asked_by_the_dashboard()], ids=lambda query: query[:60]
)
def test_every_metric_that_is_asked_for_is_one_that_a_bridge_says(query, exposed):
    names = {selector.name for selector in selectors(query)}
    assert len(names) > 0
    assert names - exposed - OWN == set()


def test_every_metric_of_the_rules_tests_is_one_that_a_bridge_says(exposed):
    tests = yaml.safe_load((FOLDER / "rules.test.yml").read_text())["tests"]
    series = [each["series"] for test in tests for each in test["input_series"]]
    assert {selector.name for each in series for selector in selectors(each)} - exposed - OWN == set()


def test_every_alert_is_made_to_fire_by_the_rules_tests():
    text = (FOLDER / "rules.test.yml").read_text()
    alerts = [rule["alert"] for rule in RULES if "alert" in rule]
    assert [alert for alert in alerts if f'alertname="{alert}"' not in text] == []


def tool(name: str) -> str:
    """Find a program of Prometheus; skip the test without it."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "config", "prometheus.yml"],
        ["check", "rules", "--lint=all", "--lint-fatal", "rules.yml"],
        ["test", "rules", "rules.test.yml"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_promtool_agrees(arguments):
    done = subprocess.run(
        [tool("promtool"), *arguments],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def prometheus(folder: Path, target: str):
    """The real server with the example's configuration, every second; its address."""
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(FOLDER / "rules.yml")]
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [target]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = "127.0.0.1:{1}".format(*free.getsockname())
    command = [tool("prometheus"), f"--config.file={folder / 'prometheus.yml'}"]
    command += [f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address={address}"]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            yield f"http://{address}"
        finally:
            server.terminate()


def asked(base: str, path: str, wanted):
    """Ask until an answer's data are as wanted; return them."""
    deadline = time.monotonic() + SECONDS
    said = "nothing"
    while time.monotonic() < deadline:
        try:
            status, answer = client.call(f"{base}/api/v1/{path}")
        except OSError as why:
            said = why
        else:
            said = json.loads(answer)["data"] if status == 200 else answer
            if status == 200 and wanted(said):
                return said
        time.sleep(0.2)
    raise AssertionError(f"{path}: {said}")


@pytest.mark.long
def test_a_real_prometheus_scrapes_a_bridge_and_evaluates_every_rule(tmp_path):
    tool("prometheus")
    with process.running(tmp_path / "data") as bridge:
        assert client.export(bridge.http, client.a_request(7)) == 200
        with prometheus(tmp_path, bridge.api.removeprefix("http://")) as server:
            query = urllib.parse.quote('sum(otel_bridge_receiver_spans_total{outcome="accepted"})')
            asked(
                server,
                f"query?query={query}",
                lambda data: [each["value"][1] for each in data["result"]] == ["7"],
            )
            groups = asked(
                server,
                "rules",
                lambda data: all(rule["health"] != "unknown" for g in data["groups"] for rule in g["rules"]),
            )["groups"]
            asked(server, "query?query=up", lambda data: data["result"][0]["value"][1] == "1")
    rules = [rule for group in groups for rule in group["rules"]]
    assert {rule["health"] for rule in rules} == {"ok"}
    assert [rule["name"] for rule in rules if rule.get("state", "inactive") != "inactive"] == []
    assert len(rules) == len(RULES)
