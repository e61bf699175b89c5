"""The keys of `service.telemetry`, and that own traces go anywhere but to the bridge itself."""

from __future__ import annotations

import socket

import pytest

from otel_bridge.config_file.printing import as_yaml, document_of

FILE = """
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "0.0.0.0:4417"}
      http: {endpoint: "0.0.0.0:4418"}
  weave_api: {endpoint: "127.0.0.1:6345"}
exporters:
  store:
service:
  allow_unauthenticated: true
  pipelines:
    traces: {receivers: [otlp, weave_api], exporters: [store]}
  telemetry:
    resource: {service.name: my-bridge, host.name: null}
    traces:
      %s
"""
PROCESSORS = """processors:
        - batch:
            schedule_delay: 1000
            max_queue_size: 100
            max_export_batch_size: 10
            exporter:
              otlp: {protocol: http/protobuf, endpoint: "%s", headers: {x-key: s3cret}, timeout: 2s}
"""
COLLECTOR = PROCESSORS % "https://collector.example:4318"


def test_they_are_off_unless_something_says_where_they_go(configure):
    assert configure(FILE % "{}").config.own_traces is None


def test_the_keys_are_those_of_a_collector(configure):
    traces = configure(FILE % COLLECTOR).config.own_traces
    (target,) = traces.targets
    assert target.url == "https://collector.example:4318/v1/traces"
    assert target.headers["x-key"].get_secret_value() == "s3cret"
    assert (target.delay_seconds, target.timeout_seconds) == (1.0, 2.0)
    assert (target.max_queue, target.max_batch) == (100, 10)
    assert dict(traces.resource) == {"service.name": "my-bridge", "host.name": None}
    assert (traces.ratio, traces.by_parent, traces.continues) == (1.0, True, False)


def test_a_url_with_a_path_is_taken_as_it_is(configure):
    traces = configure(FILE % (PROCESSORS % "https://collector.example/otlp/v1/traces")).config.own_traces
    assert traces.targets[0].url == "https://collector.example/otlp/v1/traces"


@pytest.mark.parametrize(
    ("sampler", "kept"),
    [
        ("{always_on: }", (1.0, False)),
        ("{always_off: {}}", (0.0, False)),
        ("{trace_id_ratio_based: {ratio: 0.25}}", (0.25, False)),
        ("{parent_based: {root: {trace_id_ratio_based: {ratio: 0.5}}}}", (0.5, True)),
        ("{parent_based: }", (1.0, True)),
    ],
)
def test_samplers(configure, sampler, kept):
    sets = [
        f"service.telemetry.traces.sampler={sampler}",
        "service.telemetry.traces.propagators=[tracecontext]",
    ]
    traces = configure(FILE % COLLECTOR, sets=sets).config.own_traces
    assert (traces.ratio, traces.by_parent) == kept
    assert traces.continues


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (
            "traces.sampler",
            "{}",
            "one of always_on, always_off, trace_id_ratio_based, parent_based is needed",
        ),
        ("traces.sampler", "{always_on: {}, always_off: {}}", "and only one"),
        ("traces.sampler.trace_id_ratio_based.ratio", "2", "at most 1.0 is allowed"),
        ("traces.propagators", "[b3]", "tracecontext"),
        ("traces.processors", "[{simple: {}}]", "unknown key"),
        ("traces.processors", "[{batch: {exporter: {otlp: {endpoint: x}}}}]", "no http or https URL"),
        ("resource", "{otel_bridge.instance.id: mine}", "is set by the bridge"),
    ],
)
def test_what_makes_no_sense_is_said(problems, key, value, said):
    found = problems(FILE % COLLECTOR, sets=[f"service.telemetry.{key}={value}"])
    assert any(said in text for text in found), found


def an_address_of_this_machine() -> str:
    """An address of an interface, without a packet being sent; the loopback's where there is no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return probe.getsockname()[0]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "127.0.0.1",
        "127.9.9.9",
        "[::1]",
        "0.0.0.0",
        "[::]",
        socket.gethostname(),
        an_address_of_this_machine(),
    ],
)
@pytest.mark.parametrize(("port", "door"), [(4417, "otlp_grpc"), (4418, "otlp_http"), (6345, "api")])
def test_a_door_of_the_bridge_is_refused_by_any_of_its_names(problems, host, port, door):
    url = f"http://{host}:{port}"
    (text,) = problems(FILE % (PROCESSORS % url))
    assert (
        f"processors[0].batch.exporter.otlp.endpoint: {url}/v1/traces is this bridge itself, at {door}"
        in text
    )
    assert text.startswith("a.yaml:")


@pytest.mark.parametrize(
    "url", ["http://localhost:4319", "http://192.0.2.7:4418", "https://other.example:4418"]
)
def test_anything_else_is_not(configure, url):
    assert configure(FILE % (PROCESSORS % url)).config.own_traces is not None


def test_keys_are_secret_where_the_configuration_is_printed(configure):
    printed = as_yaml(document_of(configure(FILE % COLLECTOR), redacted=True))
    assert "s3cret" not in printed
    assert "x-key: '[REDACTED]'" in printed


def test_metrics_are_shown_as_the_file_says(configure):
    sets = [
        "service.telemetry.metrics.level=basic",
        "service.telemetry.metrics.compat=otelcol",
        "service.telemetry.metrics.readers=[{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 8899}}}}]",
    ]
    config = configure(FILE % "{}", sets=sets).config
    assert (config.shown.level, config.shown.compat) == ("basic", "otelcol")
    assert str(config.metrics) == "127.0.0.1:8899"


def test_metrics_have_one_port_of_their_own(problems):
    sets = [
        "extensions={metrics: {}}",
        "service.extensions=[metrics]",
        "service.telemetry.metrics.readers=[{pull: {exporter: {prometheus: {}}}}]",
    ]
    (text,) = problems(FILE % "{}", sets=sets)
    assert "service.telemetry.metrics.readers: the extension metrics is in use" in text
