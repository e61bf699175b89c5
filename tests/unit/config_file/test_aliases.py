"""Short flags and variables are names for keys of whatever components are used."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from otel_bridge.cli import OPTIONS
from otel_bridge.config_file.aliases import COMPONENTS, OTHERS, SERVICE

NAMED = """
receivers:
  otlp/apps: {protocols: {http: {endpoint: "127.0.0.1:1"}}}
  otlp/unused: {protocols: {http: }}
exporters:
  weave/a: {endpoint: "http://a:1", project: a/a}
  weave/b: {endpoint: "http://b:1", sending_queue: {storage: file_storage/q}}
  store: {path: /data/one}
extensions:
  file_storage/q: {directory: /queue, max_bytes: 2GiB}
service:
  extensions: [file_storage/q]
  pipelines:
    traces: {receivers: [otlp/apps], exporters: [weave/a, weave/b, store]}
"""


def test_every_option_means_something():
    known = {*SERVICE, *COMPONENTS, *OTHERS, "profile", "config"}
    assert {flag.removeprefix("--").replace("-", "_") for flag, *_ in OPTIONS} == known


def test_options_are_about_the_components_that_are_used_whatever_their_names(configure):
    flags = {
        "otlp_http": "127.0.0.1:2",
        "otlp_grpc": "127.0.0.1:3",
        "api": "127.0.0.1:4",
        "admin": "127.0.0.1:5",
        "queue_size": "3GiB",
        "queue_dir": "/elsewhere",
        "queue_max_age": "1d",
        "queue_min_free": "32MiB",
        "dead_letter_dir": "/dead",
        "dead_letter_size": "64MiB",
        "retention": "off",
        "max_disk": "1GiB",
        "data_dir": "/data/two",
        "default_project": "x/y",
        "unsupported_signals": "discard",
    }
    loaded = configure(NAMED, flags=flags)
    config = loaded.config
    ports = [door.port for door in (config.otlp_http, config.otlp_grpc, config.api, config.admin)]
    assert ports == [2, 3, 4, 5]
    assert (config.queue_size, config.queue_dir) == (3 << 30, Path("/elsewhere"))
    assert (config.queue_max_age, config.queue_min_free) == (timedelta(days=1), 32 << 20)
    assert (config.dead_letter_dir, config.dead_letter_size) == (Path("/dead"), 64 << 20)
    assert (config.retention, config.max_disk, config.data_dir) == (None, 1 << 30, Path("/data/two"))
    assert (config.default_project, config.unsupported_signals) == ("x/y", "discard")
    assert loaded.graph.unused == ("receivers.otlp/unused",)


def test_the_size_of_requests_has_the_keys_of_a_collector(configure, problems):
    http = "receivers.otlp.protocols.http.max_request_body_size"
    grpc = "receivers.otlp.protocols.grpc.max_recv_msg_size_mib"
    config = configure(profile="standalone", sets=[f"{http}=20MiB", f"{grpc}=4"]).config
    assert (config.otlp_http_size, config.otlp_grpc_size) == (20 << 20, 4 << 20)
    found = problems(profile="standalone", sets=[f"{http}=65MiB", f"{grpc}=65"])
    assert [one.rpartition(": ")[2] for one in found] == [
        "at most 64 is allowed",
        "at most 67108864 is allowed",
    ]


def test_service_options_are_keys_of_the_service(configure):
    flags = {"shutdown_timeout": "9s", "log_level": "debug", "log_format": "json", "turns": "spans"}
    flags |= {"usage_on_wrappers": "keep", "session_threads": "off"}
    config = configure(NAMED, flags=flags).config
    assert (config.shutdown_timeout, config.log_level, config.log_format) == (
        timedelta(seconds=9),
        "debug",
        "json",
    )
    assert (config.turns, config.usage_on_wrappers, config.session_threads) == ("spans", "keep", "off")
    assert config.upstreams[0].options.turns == "spans"


def test_logs_is_a_pipeline(configure):
    loaded = configure(NAMED, flags={"logs": "on"})
    (logs,) = (route for route in loaded.graph.routes if route.signal == "logs")
    assert (logs.receivers, logs.exporters) == (("otlp/apps",), ("store",))
    assert loaded.config.logs == "on"
    with_logs = NAMED + "    logs: {receivers: [otlp/apps], exporters: [store]}\n"
    assert configure(with_logs).config.logs == "on"
    assert configure(with_logs, flags={"logs": "off"}).config.logs == "off"
    assert configure(with_logs, flags={"logs": "on"}).config.logs == "on"


def test_logs_cannot_be_kept_where_there_is_no_store(problems):
    text = NAMED.replace(", store]", "]")
    (said,) = problems(text, variables={"logs": "on"})
    assert said.startswith("--logs (or OTEL_BRIDGE_LOGS): a sidecar keeps no calls")


def test_an_upstream_is_added_beside_what_a_file_has(configure, problems):
    config = configure(NAMED, flags={"upstream": "http://c"}, environ={"WANDB_API_KEY": "k"}).config
    assert [one.name for one in config.upstreams] == ["weave/a", "weave/b", "weave"]
    assert config.upstreams[-1].api_key.get_secret_value() == "k"
    (said,) = problems(NAMED.replace(", store]", "]"), flags={"upstream": "http://c"})
    assert said == "--upstream (or OTEL_BRIDGE_UPSTREAM): the configuration file says already where calls go"


def test_an_option_that_nothing_heeds_changes_nothing(configure):
    text = NAMED.replace("[weave/a, weave/b, store]", "[store]").replace("[file_storage/q]", "[]")
    loaded = configure(text, flags={"queue_size": "3GiB", "queue_dir": "/elsewhere"})
    assert loaded.config.upstreams == ()
    assert "file_storage" not in loaded.components["extensions"]


def test_set_wins_over_flags_also_where_flags_add_to_a_list(configure):
    loaded = configure(NAMED, sets=["service.extensions=[file_storage/q]"], flags={"admin": "127.0.0.1:5"})
    assert loaded.config.admin is None


@pytest.mark.parametrize(
    ("environ", "flags", "expected"),
    [
        ({"WANDB_PROJECT": "only-a-project"}, {}, "WANDB_PROJECT: WANDB_ENTITY must be set too"),
        ({"WANDB_PROJECT": "only-a-project"}, {"default_project": "x/y"}, None),
    ],
)
def test_a_project_that_is_given_needs_none_from_the_environment(configure, environ, flags, expected):
    def start():
        environ["WEAVE_ENDPOINT"] = "http://a"
        return configure(profile="sidecar", environ=environ, flags=flags).config

    if expected is None:
        assert start().default_project == "x/y"
    else:
        with pytest.raises(ValueError, match=expected):
            start()


def test_a_bind_address_is_that_of_every_door_of_a_profile(configure):
    environ = {"OTEL_BRIDGE_BIND": "[::]", "OTEL_BRIDGE__SERVICE__ALLOW_UNAUTHENTICATED": "true"}
    config = configure(profile="gateway", environ=environ).config
    assert {door.host for door in (config.otlp_http, config.otlp_grpc, config.api)} == {"::"}
