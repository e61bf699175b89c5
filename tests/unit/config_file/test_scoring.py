"""`receivers.weave_api.scoring` in a configuration file: what it sets, and how it says what is wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from textwrap import dedent, indent

import pytest

from otel_bridge.config import BridgeConfig
from otel_bridge.config_file.problems import BadConfig
from otel_bridge.config_file.reading import Sources, load

FILE = """\
receivers:
  weave_api:
    scoring:
SCORING
exporters:
  store:
service:
  pipelines:
    traces: {receivers: [weave_api], exporters: [store]}
"""
FIRST_LINE = 4


@pytest.fixture
def read(tmp_path):
    """Read a file with these lines below `scoring`."""

    def reads(scoring: str, text: str = FILE, **environ: str) -> BridgeConfig:
        path = tmp_path / "bridge.yaml"
        path.write_text(text.replace("SCORING", indent(dedent(scoring).strip("\n"), " " * 6)))
        return load(Sources(files=(str(path),)), environ).config

    return reads


@pytest.fixture
def problems(read):
    """What is wrong, each with its line counted from the first one below `scoring`."""

    def found(scoring: str, text: str = FILE) -> list[str]:
        with pytest.raises(BadConfig) as raised:
            read(scoring, text)
        told = re.split(r"(?:^|; )\S*bridge\.yaml:", str(raised.value))[1:]
        lines = (one.partition(": ") for one in told)
        place = "receivers.weave_api.scoring"
        return [
            f"{int(line.partition(':')[0]) - FIRST_LINE + 1}: {said.removeprefix(place)}"
            for line, _, said in lines
        ]

    return found


def test_scorers_monitors_and_limits_are_read(read):
    scoring = read(
        """
        workers: 2
        limits: {timeout: 5s}
        scorers:
          polite-1: {type: contains, texts: [please]}
          judge:
            type: llm_judge
            model: mine/small
            prompt: "{output}"
        providers:
          mine: {base_url: "http://127.0.0.1:9/v1", api_key: "${env:KEY}"}
        monitors:
          all: {scorers: [polite-1, valid_json, "weave:///acme/app/object/judge:latest"], sampling_rate: 0.5}
        """,
        KEY="a secret key",
    ).scoring

    assert scoring.workers == 2
    assert scoring.scorers["polite-1"].texts == ("please",)
    assert scoring.monitors["all"].sampling_rate == 0.5
    assert "a secret key" not in repr(scoring)
    assert "a secret key" in scoring.in_the_clear()


def test_nothing_below_scoring_is_all_defaults(read):
    assert read("").scoring.workers == 1


def test_a_file_without_scoring_sets_nothing_of_it(read):
    assert read("", FILE.replace("    scoring:\nSCORING\n", "")).scoring is None


@pytest.mark.parametrize(
    ("scoring", "expected"),
    [
        ("worker: 2", "1: .worker: unknown key; did you mean workers?"),
        ("workers: -1", "1: .workers: at least 0 is needed"),
        (
            "scorers:\n  mine: {type: contians, texts: [a]}",
            "2: .scorers.mine.type: there is no contians; did you mean contains?",
        ),
        ("scorers:\n  mine: {texts: [a]}", "2: .scorers.mine.type is missing"),
        ("scorers:\n  mine-1: {type: contains}", "2: .scorers.mine-1.texts is missing"),
        (
            "scorers:\n  mine-1:\n    type: contains\n    text: [a]\n    texts: [a]",
            "4: .scorers.mine-1.text: unknown key; did you mean texts?",
        ),
        (
            "scorers:\n  a/b: {type: valid_json}",
            "2: .scorers.a/b: 'a/b' is no name: letters, digits, `_`, `.` and `-`, at most 128 of them",
        ),
        (
            "scorers:\n  mine: {type: valid_json, limits: {timout: 1s}}",
            "2: .scorers.mine.limits.timout: unknown key; did you mean timeout?",
        ),
        (
            "monitors:\n  all:\n    scorers:\n    - valid_jsn",
            "4: .monitors.all.scorers[0]: there is no scorer valid_jsn; did you mean valid_json?",
        ),
        ("monitors:\n  all: {scorers: []}", "2: .monitors.all.scorers: at least 1 is needed"),
        (
            "monitors:\n  all:\n    scorers: [length]\n    query: {$expr: {$eqq: []}}",
            "4: .monitors.all.query: $expr: Input should be an object with one member, one of $and",
        ),
        (
            "monitors:\n  all:\n    scorers: [length]\n    query: {$expr: {$not: [{$getField: x}]}}",
            "4: .monitors.all.query: Field x is not allowed",
        ),
        ("jobs: kafka/a", "1: .jobs: kafka/a is neither store nor a kafka in service.extensions"),
        ("jobs: nowhere", "1: .jobs: nowhere is neither store nor a kafka in service.extensions"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_what_was_meant(problems, scoring, expected):
    (told,) = problems(scoring)
    assert told.startswith(expected)


def test_all_that_is_wrong_is_told_at_once(problems):
    scoring = """
        runners: none
        scorers:
          one: {type: length, maxx: 3}
          two: {type: regex}
        """
    assert [one.split(":")[0] for one in problems(scoring)] == ["1", "3", "4"]


def test_a_bridge_that_keeps_no_calls_scores_none(problems):
    passing_on = FILE.replace("  store:\n", '  weave: {endpoint: "http://127.0.0.1:9"}\n')
    (told,) = problems("workers: 1", passing_on.replace("exporters: [store]", "exporters: [weave]"))

    assert "no pipeline has a store" in told


KAFKA = FILE.replace("exporters:", "extensions:\n  kafka/jobs: {brokers: [kafka:9092]}\nexporters:", 1)


def test_jobs_may_travel_through_a_kafka_of_the_file(read):
    used = KAFKA.replace("service:", "service:\n  extensions: [kafka/jobs]")

    assert read("jobs: kafka/jobs", used).kafka.brokers == ("kafka:9092",)
    assert read("jobs: store", used).kafka is None


def test_a_kafka_must_be_among_the_extensions_that_run(problems):
    (told,) = problems("jobs: kafka/jobs", KAFKA)
    assert told == "1: .jobs: kafka/jobs is neither store nor a kafka in service.extensions"


def test_a_file_without_scoring_loads_nothing_of_it(tmp_path):
    path = tmp_path / "bridge.yaml"
    path.write_text(FILE.replace("    scoring:\nSCORING\n", ""))
    program = f"""
        import sys
        from otel_bridge.config_file.reading import Sources, load
        load(Sources(files=({str(path)!r},)), {{}})
        print([name for name in sys.modules if name.startswith(("otel_bridge.scor", "otel_bridge.jobs"))])
        """
    done = subprocess.run(
        [sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
