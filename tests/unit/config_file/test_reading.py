"""One file in the collector's shape: what it sets, and how it says what is wrong."""

from __future__ import annotations

from datetime import timedelta
from textwrap import dedent

import pytest

from otel_bridge.config import BridgeConfig
from otel_bridge.config_file.problems import BadConfig
from otel_bridge.config_file.reading import Sources, load
from otel_bridge.parsers import Endpoint

SIDECAR = """
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "127.0.0.1:4417"}
      http: {endpoint: "127.0.0.1:4418"}
extensions:
  file_storage: {directory: DIR, max_bytes: 2GiB, min_free_bytes: 64MiB}
  health_check: {endpoint: "0.0.0.0:13133"}
  metrics: {endpoint: "0.0.0.0:8888"}
exporters:
  weave:
    endpoint: ${env:WEAVE_ENDPOINT:-https://trace.wandb.ai}
    auth: {api_key: "${file:KEY}"}
    project: ${env:WANDB_ENTITY}/${env:WANDB_PROJECT}
    timeout: 30s
    sending_queue: {storage: file_storage, sizer: bytes, queue_size: 1GiB, max_age: 7d}
    retry_on_failure: {initial_interval: 1s, max_interval: 30s, max_elapsed_time: 0s}
    dead_letter: {directory: DIR/dead, max_bytes: 256MiB}
service:
  extensions: [file_storage, health_check, metrics]
  shutdown_timeout: 25s
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [weave]
"""

SMALL = """
receivers:
  otlp: {protocols: {http: {}}}
exporters:
  weave: {endpoint: "http://127.0.0.1:9"}
  store:
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [weave]}
"""


@pytest.fixture
def read(tmp_path):
    """Read a text as a file, with these variables."""

    def reads(text: str, **environ: str) -> BridgeConfig:
        path = tmp_path / "bridge.yaml"
        path.write_text(dedent(text).lstrip("\n"))
        return load(Sources(files=(str(path),)), environ).config

    return reads


@pytest.fixture
def problems(read):
    """The problems of a text, without the file's name."""

    def found(text: str, **environ: str) -> list[str]:
        with pytest.raises(BadConfig) as raised:
            read(text, **environ)
        return [one.split("bridge.yaml:")[1] for one in str(raised.value).split("; ") if "bridge.yaml" in one]

    return found


def test_the_sidecar_of_the_documents_sets_everything_it_says(read, tmp_path):
    (tmp_path / "key").write_text("secret-key\n")
    text = SIDECAR.replace("DIR", str(tmp_path)).replace("KEY", str(tmp_path / "key"))
    config = read(text, WANDB_ENTITY="team", WANDB_PROJECT="shop")
    (weave,) = config.upstreams
    assert (config.profile, config.store) == ("sidecar", False)
    assert config.otlp_grpc == Endpoint(host="127.0.0.1", port=4417)
    assert config.otlp_http == Endpoint(host="127.0.0.1", port=4418)
    assert config.api is None
    assert (config.admin.port, config.metrics.port) == (13133, 8888)
    assert config.default_project == "team/shop"
    assert (weave.endpoint, weave.project) == ("https://trace.wandb.ai", None)
    assert weave.api_key is None
    assert weave.api_key_file == str(tmp_path / "key")
    assert weave.retry.max_interval == 30
    assert config.queue_size == 1 << 30
    assert config.queue_min_free == 64 << 20
    assert config.queue_max_age == timedelta(days=7)
    assert config.dead_letter_dir == tmp_path / "dead"
    assert config.data_dir == tmp_path
    assert config.shutdown_timeout == timedelta(seconds=25)


def test_a_component_that_no_pipeline_uses_does_nothing(read):
    config = read(SMALL)
    assert config.store is False
    assert [one.name for one in config.upstreams] == ["weave"]


def test_what_was_acknowledged_is_never_given_up_by_default(read):
    assert read(SMALL).upstreams[0].retry.max_elapsed == 0


def test_a_protocol_that_is_not_there_is_not_spoken(read):
    config = read(SMALL)
    assert config.otlp_grpc is None
    assert config.otlp_http.port == 4318


def test_two_upstreams_with_projects_of_their_own_share_the_default_of_the_first(read):
    config = read("""
        receivers:
          otlp: {protocols: {http: }}
        exporters:
          weave/a: &a {endpoint: "http://127.0.0.1:9", project: acme/prod}
          weave/audit: {<<: *a, project: acme/audit, required: false}
          weave/late: {<<: *a, sending_queue: {on_full: drop_oldest}}
        service:
          pipelines:
            traces: {receivers: [otlp], exporters: [weave/a, weave/audit, weave/late]}
        """)
    assert config.default_project == "acme/prod"
    assert [(one.name, one.project, one.required) for one in config.upstreams] == [
        ("weave/a", None, True),
        ("weave/audit", "acme/audit", False),
        ("weave/late", None, False),
    ]


def test_a_store_and_an_upstream_stand_side_by_side(read, tmp_path):
    config = read(f"""
        receivers:
          otlp: {{protocols: {{grpc: {{}}}}}}
          weave_api: {{endpoint: "127.0.0.1:7000", store: store}}
        exporters:
          store: {{path: {tmp_path}/data/calls.db, retention: 30d, max_bytes: "off", default_project: me/x}}
          weave: {{endpoint: "https://weave.example"}}
        service:
          telemetry: {{logs: {{level: debug, format: json}}}}
          pipelines:
            traces: {{receivers: [otlp, weave_api], exporters: [store, weave]}}
        """)
    assert (config.store, config.profile) == (True, "standalone")
    assert config.data_dir == tmp_path / "data"
    assert (config.retention, config.max_disk) == (timedelta(days=30), None)
    assert config.default_project == "me/x"
    assert config.api.port == 7000
    assert (config.log_level, config.log_format) == ("debug", "json")


def test_an_unknown_key_is_named_with_its_line_and_what_was_meant(problems):
    text = SMALL.replace(
        'weave: {endpoint: "http://127.0.0.1:9"}', 'weave:\n    endpont: "http://127.0.0.1:9"'
    )
    assert problems(text) == [
        "4:3: exporters.weave.endpoint is missing",
        "5:5: exporters.weave.endpont: unknown key",
    ]


def test_an_unknown_key_deep_inside_is_compared_with_its_neighbours(read):
    text = SMALL.replace('9"}', '9", sending_queue: {queue_sise: 1GiB}}')
    with pytest.raises(BadConfig, match="did you mean queue_size") as raised:
        read(text)
    assert ":4:59: exporters.weave.sending_queue.queue_sise: unknown key" in str(raised.value)


def test_all_problems_are_told_at_once(problems):
    text = """
        receivers:
          otlp: {protocols: {http: {endpoint: nowhere}}}
          kafka: {}
        exporters:
          weave: {endpoint: "ftp://x", timeout: soon}
        service:
          pipelines:
            traces: {receivers: [otlp, nothing], exporters: [weave]}
            metrics: {receivers: [otlp], exporters: [weave]}
        """
    lines = [one.split(":")[0] for one in problems(text)]
    assert lines == ["2", "3", "5", "5", "8", "9"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * (1 << 21)], ids=["no text", "too large"])
@pytest.mark.parametrize("written", ["${file:PATH}", "http://${file:PATH}"])
def test_a_named_file_that_is_no_text_is_a_mistake_with_its_line(read, tmp_path, content, written):
    path = tmp_path / "named"
    path.write_bytes(content)
    with pytest.raises(
        BadConfig,
        match=rf"bridge\.yaml:4:21: exporters\.weave\.endpoint: cannot read {path}: it is not a text file",
    ):
        read(SMALL.replace("http://127.0.0.1:9", written.replace("PATH", str(path))))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("[otlp]", "[oltp]", "oltp is not defined; did you mean otlp"),
        ("[weave]", "[weaver]", "weaver is not defined; did you mean weave"),
        ("exporters: [weave]}", "exporters: []}", "at least 1 is needed"),
        ("weave: {", "weve: {", "unknown type weve; did you mean weave"),
        ("http://127.0.0.1:9", "${env:NOT_SET}", "NOT_SET is not set"),
        ("http://127.0.0.1:9", "${file:/no/such/file}", "cannot read /no/such/file"),
        ("http://127.0.0.1:9", "${not a variable}", "neither a variable nor a file"),
        ('9"}', '9", endpoint: "http://b"}', "endpoint is there twice"),
        ('9"}', '9", auth: {api_key: "two words\\n"}}', "this is no API key"),
        ('9"}', '9", project: alone}', "ENTITY/PROJECT"),
        ('9"}', '9", timeout: "off"}', "there must be a limit"),
        ('9"}', '9", max_batch_bytes: 40MiB}', "at most 32505856 is allowed"),
        ('9"}', '9", sending_queue: {storage: disk}}', "disk is no file_storage"),
        ('9"}', '9", required: often}', "required: true or false is needed"),
        ('9"}', '9", compression: zip}', "compression: 'auto', 'gzip' or 'none' is needed"),
        ('9"}', '9", auth: [a]}', "auth: a map is needed"),
        ('9"}', '9", auth: {api_key: [a]}}', "api_key: a text is needed"),
        ('9"}', '9", timeout: [a]}', "timeout: a duration is needed"),
        ('9"}', '9", max_batch_calls: few}', "max_batch_calls: a whole number is needed"),
        ('9"}', '9", retry_on_failure: {multiplier: 0}}', "multiplier: at least 1.0 is needed"),
        ("{http: {}}", "{http: {endpoint: [a]}}", "endpoint: HOST:PORT is needed"),
        ("{http: {}}", "{}", "protocols: neither grpc nor http is there"),
        ("[otlp]", "otlp", "receivers: a list is needed"),
        ("service:", "service: {", "this is no YAML"),
        ("service:", "servise:", "servise: unknown key; did you mean service"),
    ],
)
def test_what_is_wrong_is_said(read, before, after, expected):
    assert before in SMALL
    with pytest.raises(BadConfig, match=r"bridge\.yaml:[0-9]+:[0-9]+: ") as raised:
        read(SMALL.replace(before, after))
    assert expected in str(raised.value)


@pytest.mark.parametrize(
    ("exporters", "store", "answering"),
    [("[weave]", "store", "weave"), ("[weave, store]", "weave", "store"), ("[weave]", "none", "weave")],
)
def test_an_api_that_is_to_ask_another_exporter_than_the_one_that_answers_is_refused(
    problems, exporters, store, answering
):
    text = SMALL.replace("[otlp]", "[otlp, weave_api]").replace("[weave]", exporters)
    text = text.replace("exporters:\n", f"  weave_api: {{store: {store}}}\nexporters:\n", 1)
    (said,) = problems(text)
    assert said.endswith(f"weave_api.store: questions are answered by {answering}, not by {store}")


@pytest.mark.parametrize("text", ["", "just text", "[1, 2]", "\x00", "a: &a [*a]"])
def test_a_file_that_is_no_configuration_is_refused(read, text):
    with pytest.raises(BadConfig, match=r"bridge\.yaml:1:[0-9]+: "):
        read(text)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(BadConfig, match="No such file"):
        load(Sources(files=(str(tmp_path / "missing.yaml"),)), {})
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(BadConfig, match="not a text file"):
        load(Sources(files=(str(tmp_path / "binary.yaml"),)), {})


def test_dollars_and_defaults_are_as_in_the_collector(read):
    text = SMALL.replace("http://127.0.0.1:9", "http://${HOST:-fallback}:9/a$$b")
    assert read(text).upstreams[0].endpoint == "http://fallback:9/a$b"
    assert read(text, HOST="there").upstreams[0].endpoint == "http://there:9/a$b"


def test_a_key_is_never_part_of_what_is_said(read):
    secret = "sk-very-secret"
    text = SMALL.replace('9"}', f'9", auth: {{api_key: "{secret}", shceme: basic}}}}')
    with pytest.raises(BadConfig) as raised:
        read(text)
    assert secret not in str(raised.value)
    assert secret not in repr(read(text.replace(", shceme: basic", "")))
