"""Feature gates: chosen by name, as in a Collector."""

from __future__ import annotations

import pytest

from otel_bridge.config_file.gates import Gate, enabled

GATES = {
    "pipeline.early": Gate("alpha", "is coming"),
    "pipeline.usual": Gate("beta", "has come"),
    "pipeline.settled": Gate("stable", "stays"),
}
FILE = """
receivers:
  otlp: {protocols: {http: {}}}
exporters:
  store:
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [store]}
"""


@pytest.mark.parametrize(
    ("chosen", "on"),
    [
        ([], {"pipeline.usual", "pipeline.settled"}),
        (["pipeline.early"], {"pipeline.early", "pipeline.usual", "pipeline.settled"}),
        (["+pipeline.early", "-pipeline.usual"], {"pipeline.early", "pipeline.settled"}),
        (["pipeline.settled"], {"pipeline.usual", "pipeline.settled"}),
    ],
)
def test_alpha_is_off_beta_is_on_and_names_choose(chosen, on):
    assert enabled(chosen, GATES) == on


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (["pipeline.erly"], "there is no feature gate pipeline.erly; did you mean pipeline.early?"),
        (["-pipeline.settled"], "pipeline.settled is stable: it cannot be turned off any more"),
        (["pipeline.early", "-pipeline.early"], "pipeline.early is listed twice"),
    ],
)
def test_what_makes_no_sense_is_said(chosen, said):
    with pytest.raises(ValueError, match=r".") as raised:
        enabled(chosen, GATES)
    assert str(raised.value) == said


def test_a_file_may_choose_none_and_an_unknown_gate_is_an_error(configure, problems):
    assert configure(FILE).config.gates == frozenset()
    (text,) = problems(FILE, sets=["service.feature_gates=[pipeline.none]"])
    assert "service.feature_gates: there is no feature gate pipeline.none; this version has none" in text


def test_the_flag_takes_names_with_commas_between(problems):
    (text,) = problems(FILE, flags={"feature_gates": "a,-b"})
    assert text.startswith("--feature-gates (or OTEL_BRIDGE_FEATURE_GATES): service.feature_gates")
    assert "there is no feature gate a" in text
