"""Profiles and the files in config/ as people start them, and the commands that say what they come to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otel_bridge import cli
from otel_bridge.config_file.builtin import PROFILES
from otel_bridge.config_file.registry import KINDS, TYPES
from tests.e2e import client
from tests.e2e.process import environment, running

FILES = sorted((Path(__file__).parents[2] / "config").glob("*.yaml"))
FREE = {
    "health_check": "--set=extensions.health_check.endpoint=127.0.0.1:0",
    "metrics": "--set=extensions.metrics.endpoint=127.0.0.1:0",
}
"""Ports of their own are free ones in tests."""
QUICK = ("--log-format=console", "--shutdown-timeout=1s")
"""Nobody is there to take what waits."""


@pytest.fixture
def variables(tmp_path):
    """What the files want to be told."""
    (tmp_path / "key").write_text("the-key\n")
    return {
        "KEYS": str(tmp_path / "key"),
        "DATA_DIR": str(tmp_path / "data"),
        "KEY_FILE": str(tmp_path / "key"),
        "WANDB_API_KEY": "the-key",
        "WANDB_ENTITY": "team",
        "WANDB_PROJECT": "shop",
        "WEAVE_ENDPOINT": "http://127.0.0.1:9",
    }


@pytest.fixture
def bridge(monkeypatch, capsys, variables):
    """Run a command in this process; its exit code, and what it prints where."""
    for name in environment():
        if name.startswith("OTEL_BRIDGE"):
            monkeypatch.delenv(name)

    def runs(*arguments, **more):
        for name, text in {**variables, **more}.items():
            monkeypatch.setenv(name, text)
        monkeypatch.setattr(sys, "argv", ["otel-bridge", *arguments])
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        said = capsys.readouterr()
        return exit_.value.code, said.out, said.err

    return runs


def accepted(started, *, in_project: bool) -> int:
    """Send three spans; how many of them the bridge takes."""
    request = client.a_request(3)
    if in_project:
        named = {"wandb.entity": "acme", "wandb.project": "prod"}.items()
        pairs = [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in named]
        request.resource_spans[0].resource.attributes.extend(pairs)
    body = request.SerializeToString()
    headers = {"Content_Type": "application/x-protobuf", "Authorization": "Bearer the-key"}
    status, answer = client.call(f"{started.http}/v1/traces", body, **headers)
    assert status == 200, answer
    return 3 - ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans


def flags_for(text: str, *flags: str) -> list[str]:
    extensions = yaml.safe_load(text).get("extensions") or {}
    return [flag for name, flag in FREE.items() if name in extensions] + [*flags, *QUICK]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_of_config_starts_and_takes_spans(path, tmp_path, variables):
    flags = flags_for(path.read_text(), f"--config={path}")
    with running(tmp_path / "data", *flags, **variables) as started:
        assert accepted(started, in_project=True) == 3
        assert client.call(f"{started.api}/readyz")[0] == 200
        assert started.terminate() == 0


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_starts_as_it_is_printed(profile, tmp_path, variables, bridge):
    code, printed, said = bridge("print-config", f"--profile={profile}", "--mode=unredacted")
    assert (code, said) == (0, "")
    file = tmp_path / "printed.yaml"
    file.write_text(printed)
    flags = flags_for(printed, f"--config={file}")
    with running(tmp_path / "data", *flags, **variables) as started:
        assert accepted(started, in_project=True) == 3


def test_a_gateway_says_that_it_stays_on_this_machine(tmp_path):
    flags = ["--profile=gateway", *QUICK, *FREE.values()]
    with running(tmp_path / "data", *flags) as started:
        assert started.terminate() == 0
    assert "gateway_on_loopback" in started.log
    assert "OTEL_BRIDGE_BIND" in started.log


def test_a_gateway_rejects_spans_that_name_no_project(tmp_path):
    with running(tmp_path / "data", "--profile=gateway", *QUICK, *FREE.values()) as started:
        assert accepted(started, in_project=False) == 0
        assert accepted(started, in_project=True) == 3
        assert len(client.ids(started.api, "acme/prod")) == 3


def test_a_request_that_is_larger_than_the_configuration_allows_is_refused(tmp_path):
    limit = "--set=receivers.otlp.protocols.http.max_request_body_size=2KiB"
    with running(tmp_path / "data", limit) as started:
        assert client.export(started.http, client.a_request(1)) == 200
        assert client.export(started.http, client.a_request(1, text="x" * 2048)) == 413


def test_what_is_unlike_a_collector_and_what_is_unused_is_said_at_the_start(tmp_path):
    file = tmp_path / "bridge.yaml"
    file.write_text(
        "receivers: {otlp: {protocols: {grpc: , http: }}, weave_api: }\n"
        "exporters: {store: , weave/later: {endpoint: 'http://127.0.0.1:9'}}\n"
        "service: {pipelines: {traces: {receivers: [otlp, weave_api], exporters: [store]}}}\n"
    )
    with running(tmp_path / "data", f"--config={file}") as started:
        assert started.terminate() == 0
    assert "unlike_a_collector" in started.log
    assert "exporters.weave/later" in started.log


def test_a_bad_configuration_ends_with_every_mistake_on_a_line_of_its_own(tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text("receivers: {oltp: }\nexporters: {store: {retnetion: 1d}}\nservice: {pipelines: {}}\n")
    for command in ("run", "validate"):
        done = subprocess.run(
            [sys.executable, "-m", "otel_bridge", command, f"--config={file}", "--set=x=1"],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (done.returncode, done.stdout) == (2, "")
        lines = [line.removeprefix("otel-bridge: error: ") for line in done.stderr.splitlines()]
        assert [line.replace(f"{file}:", "") for line in lines] == [
            "1:13: receivers: unknown type oltp; did you mean otlp?",
            "2:21: exporters.store.retnetion: unknown key; did you mean retention?",
            "3:11: service.pipelines: at least 1 is needed",
            f"--set x: x: unknown key; there are {', '.join(sorted([*KINDS, 'service']))}",
        ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_validate_says_that_every_file_is_right_and_starts_nothing(path, bridge, variables):
    code, out, said = bridge("validate", f"--config={path}")
    assert (code, said) == (0, "")
    assert out.startswith("valid: ")
    assert not Path(variables["DATA_DIR"]).exists()


def test_validate_reads_keys_and_certificates_too(bridge, tmp_path):
    (tmp_path / "keys").write_text("- {name: a, kee: s3cret}\n")
    code, _, said = bridge("validate", f"--auth-file={tmp_path / 'keys'}")
    assert (code, "kee" in said, "s3cret" in said) == (2, True, False)
    code, _, said = bridge("validate", "--tls-cert=/nowhere.pem", "--tls-key=/nowhere.pem")
    assert (code, "/nowhere.pem: No such file" in said) == (2, True)


def test_validate_names_what_does_nothing(bridge, tmp_path):
    more = tmp_path / "more.yaml"
    more.write_text("extensions: {metrics: }\n")
    code, out, _ = bridge("validate", "--profile=standalone", f"--config={more}")
    assert (code, out) == (0, "valid: standalone, pipelines traces\nextensions.metrics is used by nothing\n")


def test_print_config_shows_no_secret_unless_it_is_asked_to(bridge):
    _, out, _ = bridge("print-config", "--profile=sidecar", "--format=json")
    assert json.loads(out)["exporters"]["weave"]["auth"]["api_key"] == "[REDACTED]"
    _, out, _ = bridge("print-config", "--profile=sidecar", "--mode=unredacted")
    assert yaml.safe_load(out)["exporters"]["weave"]["auth"]["api_key"] == "the-key"


def test_print_config_counts_variables_flags_and_set(bridge):
    more = {"OTEL_BRIDGE_RETENTION": "2d", "OTEL_BRIDGE__EXPORTERS__STORE__MAX_BYTES": "2GiB"}
    _, out, _ = bridge("print-config", "--api=127.0.0.1:7", "--set=service.shutdown_timeout=9s", **more)
    shown = yaml.safe_load(out)
    assert shown["exporters"]["store"] == {"retention": "2d", "projects": {}, "max_bytes": "2GiB"}
    assert shown["receivers"]["weave_api"]["endpoint"] == "127.0.0.1:7"
    assert shown["service"]["shutdown_timeout"] == "9s"


def test_the_variable_of_the_file_is_a_path_or_a_variable_that_holds_it(bridge, tmp_path):
    spaced = tmp_path / "a file.yaml"
    text = "exporters: {store: {retention: 3d}}"
    spaced.write_text(text)
    for uri, more in ((str(spaced), {}), ("env:BRIDGE", {"BRIDGE": text})):
        _, out, said = bridge("print-config", "--profile=standalone", OTEL_BRIDGE_CONFIG=uri, **more)
        assert yaml.safe_load(out)["exporters"]["store"]["retention"] == "3d", said


def test_components_lists_kinds_types_stability_and_keys(bridge):
    _, out, _ = bridge("components")
    listed = yaml.safe_load(out)
    assert {kind: [one["name"] for one in listed[kind]] for kind in KINDS} == {
        kind: list(TYPES[kind]) for kind in KINDS
    }
    (store,) = (one for one in listed["exporters"] if one["name"] == "store")
    assert store["stability"] == {"traces": "beta", "logs": "alpha"}
    assert store["keys"] == ["path", "retention", "projects", "max_bytes", "default_project"]
    _, out, _ = bridge("components", "--format=json")
    assert json.loads(out) == listed


def test_schema_prints_one_that_the_profiles_follow(bridge):
    _, out, _ = bridge("schema")
    validator = jsonschema_rs.validator_for(json.loads(out))
    for profile in PROFILES:
        _, printed, _ = bridge("print-config", f"--profile={profile}")
        assert [error.message for error in validator.iter_errors(yaml.safe_load(printed))] == []
