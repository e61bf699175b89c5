"""Pipelines as a graph, with processors and connectors: each is a model and a row."""

from __future__ import annotations

import pytest

from otel_bridge.config_file import registry
from otel_bridge.config_file.checking import check
from otel_bridge.config_file.document import Document
from otel_bridge.config_file.graph import graph_of
from otel_bridge.config_file.problems import Rank
from otel_bridge.config_file.registry import Component
from otel_bridge.config_file.yaml_tree import parsed
from otel_bridge.parsers import Strict


class Tag(Strict):
    """Puts something on what passes."""

    value: str
    """What."""


class Forward(Strict):
    """Leads from pipelines into others."""


@pytest.fixture(autouse=True)
def more_types(monkeypatch):
    """A processor and a connector, each by a model and a row."""
    monkeypatch.setitem(registry.TYPES["processors"], "tag", Component(Tag, signals={"traces": "alpha"}))
    both = {"traces": "alpha", "logs": "alpha"}
    monkeypatch.setitem(registry.TYPES["connectors"], "forward", Component(Forward, signals=both))


FAN_OUT = """
receivers:
  otlp: {protocols: {http: }}
  weave_api:
processors:
  tag: {value: a}
  tag/b: {value: b}
exporters:
  store:
  weave/a: {endpoint: "http://a:1"}
  weave/b: {endpoint: "http://b:1"}
connectors:
  forward:
extensions:
  health_check:
  metrics:
service:
  extensions: [health_check]
  pipelines:
    traces/out: {receivers: [forward, weave_api], processors: [tag/b, tag], exporters: [weave/a, weave/b]}
    traces/in: {receivers: [otlp], exporters: [store, forward]}
"""


def graph(text: str):
    document = Document(parsed(text, "a.yaml", Rank.FILE))
    right = check(document)
    extensions = right.service.extensions if right.service is not None else ()
    return graph_of(right.pipelines, extensions, document), [one.text for one in document.problems]


def test_pipelines_come_in_the_order_in_which_they_feed_each_other():
    found, problems = graph(FAN_OUT)
    assert problems == []
    assert [route.name for route in found.routes] == ["traces/in", "traces/out"]
    assert found.routes[1].processors == ("tag/b", "tag")


def test_what_nothing_names_is_unused():
    found, _ = graph(FAN_OUT.replace("[tag/b, tag]", "[tag]"))
    assert found.unused == ("processors.tag/b", "extensions.metrics")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("[store, forward]", "[store, forwrad]", "forwrad is not defined; did you mean forward?"),
        ("[tag/b, tag]", "[tag/c]", "processors: tag/c is not defined; did you mean tag/b?"),
        ("[tag/b, tag]", "[tag, tag]", "tag is listed twice"),
        ("[tag/b, tag]", "[store]", "processors: store is not defined"),
        (
            "[health_check]",
            "[health]",
            "service.extensions: health is not defined; did you mean health_check?",
        ),
        ("[forward, weave_api]", "[weave_api]", "connectors.forward: it is no receiver of any pipeline"),
        ("[store, forward]", "[store]", "connectors.forward: it is no exporter of any pipeline"),
        ("[store, forward]", "[store, weave/a/b c]", "'weave/a/b c' is no TYPE or TYPE/NAME"),
        ("[weave/a, weave/b]", "[weave/a, forward]", "a circle of connectors: traces/out → traces/out"),
        ("traces/in:", "metrics:", "pipelines are for traces and logs only"),
        ("traces/in:", "traces/:", "pipelines are for traces and logs only"),
        ("traces/out:", "logs:", "the exporter weave/a takes no logs"),
        ("traces/out:", "logs:", "the processor tag takes no logs"),
        ("  forward:\n", "  forward:\n  weave/a:\n", "connectors.weave/a: another component has this name"),
        ("  forward:\n", "  forward:\n  store:\n", "unknown type store; it is one of the exporters"),
        ("tag/b: {value", "tag/b: {valeu", "processors.tag/b.valeu: unknown key; did you mean value?"),
        ("tag/b: {value", "tag b: {value", "processors: tag b is no TYPE or TYPE/NAME"),
        ("  tag: {", "  batch: {", "unknown type batch; batches are made behind the queue"),
        ("[otlp], exporters", "[], exporters", "at least 1 is needed"),
    ],
)
def test_what_does_not_fit_together_is_said(before, after, expected):
    assert before in FAN_OUT
    _, problems = graph(FAN_OUT.replace(before, after))
    assert any(expected in one for one in problems), problems


def test_a_circle_names_the_pipelines_on_it():
    _, problems = graph("""
        connectors: {forward/a: , forward/b: }
        receivers: {otlp: {protocols: {http: }}}
        exporters: {store: }
        service:
          pipelines:
            traces/a: {receivers: [otlp, forward/b], exporters: [forward/a]}
            traces/b: {receivers: [forward/a], exporters: [forward/b, store]}
        """)
    (said,) = problems
    assert said.startswith("service.pipelines: a circle of connectors: ")
    assert {"traces/a", "traces/b"} <= set(said.replace("→", "").split())


def test_a_pipeline_that_is_wrong_does_not_hide_what_is_wrong_with_others():
    text = FAN_OUT.replace("receivers: [otlp]", "recievers: [otlp]").replace("[tag/b, tag]", "[tga]")
    _, problems = graph(text)
    assert any("recievers: unknown key" in one for one in problems)
    assert any("tga is not defined; did you mean tag?" in one for one in problems)


@pytest.mark.parametrize("gone", ["receivers", "exporters", "service"])
def test_receivers_exporters_and_service_are_needed(problems, gone):
    text = "receivers: {otlp: {protocols: {http: }}}\nexporters: {store: }\n"
    text += "service: {pipelines: {traces: {receivers: [otlp], exporters: [store]}}}\n"
    rest = "\n".join(line for line in text.splitlines() if not line.startswith(gone))
    assert any(f"{gone} is missing" in one for one in problems(rest))
    empty = rest + f"\n{gone}: {{}}"
    assert problems(empty)


def test_there_must_be_a_pipeline_of_traces(problems):
    text = "receivers: {otlp: {protocols: {http: }}}\nexporters: {store: }\n"
    text += "service: {pipelines: {logs: {receivers: [otlp], exporters: [store]}}}\n"
    (said,) = problems(text)
    assert said.endswith("service.pipelines: there is no pipeline of traces")
