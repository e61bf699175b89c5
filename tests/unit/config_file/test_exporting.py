"""Exporters beside the store in a configuration: what each is told, and what does not fit together."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

WHOLE = """
receivers:
  otlp: {protocols: {http: {endpoint: "127.0.0.1:1"}}}
  weave_api:
exporters:
  otlp_http/next: {endpoint: "http://next:4318", sending_queue: {queue_size: 50MiB, max_age: 1h}}
  otlp_http/audit: {traces_endpoint: "http://audit/x", required: false}
  file: {path: /data/spans.jsonl, rotation: {max_megabytes: 5}}
  debug: {verbosity: normal}
  debug/unused:
service:
  pipelines:
    traces: {receivers: [otlp, weave_api], exporters: [otlp_http/next, otlp_http/audit, file, debug]}
"""

PASSING = """
receivers:
  otlp: {protocols: {http: }}
  weave_api:
exporters:
  otlp_http: {endpoint: "http://next:4318"}
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [otlp_http]}
"""


def test_each_exporter_that_a_pipeline_names_is_told_its_keys(configure):
    config = configure(WHOLE).config
    assert [(one.name, one.url, one.required) for one in config.otlp_receivers] == [
        ("otlp_http/next", "http://next:4318/v1/traces", True),
        ("otlp_http/audit", "http://audit/x", False),
    ]
    assert [one.name for one in config.outlets] == ["file", "debug"]
    assert (config.store, config.upstreams) == (False, ())
    assert config.unused == ("exporters.debug/unused",)


def test_what_is_passed_on_waits_in_the_one_queue(configure):
    config = configure(WHOLE).config
    assert (config.queue_size, config.queue_max_age) == (50 << 20, timedelta(hours=1))
    flags = {"queue_size": "70MiB", "queue_dir": "/elsewhere", "dead_letter_dir": "/dead"}
    config = configure(WHOLE, flags=flags).config
    assert (config.queue_size, config.queue_dir) == (70 << 20, Path("/elsewhere"))
    assert config.dead_letter_dir == Path("/dead")


def test_spans_need_no_project_to_be_passed_on(configure):
    assert configure(PASSING).config.default_project == "local/default"
    flags = {"default_project": "acme/shop"}
    assert configure(PASSING, flags=flags).config.default_project == "acme/shop"


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (
            ["exporters::otlp_http/audit::sending_queue::queue_size=60MiB"],
            "exporters.otlp_http/audit: queue_size differs; all exporters share one queue",
        ),
        (
            ["exporters::otlp_http/next::sending_queue::storage=file_storage"],
            "exporters.otlp_http/next.sending_queue.storage: file_storage is no file_storage in service.ext",
        ),
        (
            [
                "exporters::file/b::path=/data/spans.jsonl",
                "service::pipelines::traces/b={receivers: [otlp], exporters: [file/b]}",
            ],
            "exporters.file/b.path: file writes this file already",
        ),
        (
            ["receivers.weave_api.store=file"],
            "receivers.weave_api.store: questions are answered by nobody: no exporter keeps calls",
        ),
        (
            ["exporters.file.rotaton.max_megabytes=5"],
            "exporters.file.rotaton: unknown key; did you mean rotation?",
        ),
        (["exporters::otlp_http/next::endpoint=next:4318"], "exporters.otlp_http/next.endpoint: "),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_told(problems, sets, said):
    found = problems(WHOLE, sets=[each.replace(".", "::") if "::" not in each else each for each in sets])
    assert len(found) == 1
    assert said in found[0]


def test_log_records_go_to_a_store_only(problems):
    sets = ["service.pipelines.logs={receivers: [otlp], exporters: [file]}"]
    (said,) = problems(WHOLE, sets=sets)
    assert "service.pipelines.logs.exporters: the exporter file takes no logs" in said


LOST = "receivers.weave_api: calls written here would be lost: "


@pytest.mark.parametrize(
    ("pipelines", "lost"),
    [
        ({"traces": ("weave_api", "otlp_http")}, "otlp_http takes spans only"),
        (
            {"traces": ("weave_api", "forward"), "traces/b": ("forward", "otlp_http, file/proto")},
            "file/proto, otlp_http takes spans only",
        ),
        ({"traces": ("weave_api", "otlp_http, file")}, None),
        ({"traces": ("weave_api", "otlp_http"), "traces/b": ("weave_api", "store")}, None),
        ({"traces": ("otlp", "otlp_http")}, None),
    ],
)
def test_calls_that_the_api_writes_must_lead_to_somebody_who_takes_them(configure, problems, pipelines, lost):
    lines = [
        f"    {name}: {{receivers: [{begin}], exporters: [{end}]}}"
        for name, (begin, end) in pipelines.items()
    ]
    head = PASSING[: PASSING.index("    traces:")]
    more = "  file: {path: a}\n  file/proto: {path: b, format: proto}\n  store:\nconnectors: {forward: }\n"
    text = head.replace("service:", f"{more}service:") + "\n".join(lines) + "\n"
    if lost is None:
        assert configure(text).config.otlp_receivers
    else:
        (said,) = problems(text)
        assert LOST + lost in said
