"""What may be said of the exporters of spans, and what it comes to."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from otel_bridge.backoff import Retry
from otel_bridge.config_file.span_exporters import (
    MIB,
    DebugExporter,
    FileExporter,
    OtlpHttpExporter,
    debug,
    file,
    otlp_http,
)
from otel_bridge.exporter.settings import TlsSettings
from otel_bridge.ingest.exporters.settings import Rotation


def passing(**keys):
    return otlp_http("otlp_http/next", OtlpHttpExporter.model_validate(keys))


def test_spans_go_where_a_collector_would_send_them():
    assert passing(endpoint="http://next:4318").url == "http://next:4318/v1/traces"
    assert passing(endpoint="http://next:4318/base/").url == "http://next:4318/base/v1/traces"
    literal = "https://next/api?version=2"
    assert passing(endpoint="http://next:4318", traces_endpoint=literal).url == literal


def test_the_keys_of_queue_and_retry_mean_what_they_mean_for_weave():
    found = passing(
        endpoint="http://next",
        timeout="7s",
        compression="none",
        sending_queue={"num_consumers": 2, "batch": {"flush_timeout": "1s", "max_size": 50}},
        retry_on_failure={"initial_interval": "2s", "max_interval": "9s", "max_elapsed_time": "1m"},
    )
    assert (found.name, found.timeout_seconds, found.compression) == ("otlp_http/next", 7.0, "none")
    assert (found.in_flight, found.flush_seconds, found.max_batch_calls) == (2, 1.0, 50)
    assert found.retry == Retry(initial_interval=2.0, max_interval=9.0, max_elapsed=60.0)
    assert found.required
    assert found.tls == TlsSettings()
    assert passing(endpoint="https://next", tls={"ca_file": "ca.pem"}).tls == TlsSettings(ca_file="ca.pem")
    assert not passing(endpoint="http://next", sending_queue={"on_full": "drop_oldest"}).required


def test_headers_are_shown_to_nobody():
    keys = OtlpHttpExporter(endpoint="http://next", headers={"x-key": "s3cret"})
    assert "s3cret" not in repr(keys) + keys.model_dump_json()
    assert otlp_http("a", keys).headers["x-key"].get_secret_value() == "s3cret"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "endpoint or traces_endpoint is needed"),
        ({"endpoint": "next:4318"}, "no http or https URL"),
        ({"traces_endpoint": "ftp://next/x"}, "no http or https URL"),
        ({"traces_endpoint": "http://a:b/x"}, "no URL"),
        ({"endpoint": "http://n", "headers": {"a b": "c"}}, "no name of a header"),
        ({"endpoint": "http://n", "headers": {"Content-Type": "c"}}, "set by the exporter"),
        ({"endpoint": "http://n", "headers": {"x": "a\nb"}}, "no value of a header"),
        ({"endpoint": "http://n", "compression": "zstd"}, "'gzip' or 'none'"),
        ({"endpoint": "http://n", "max_batch_bytes": "1GiB"}, "less than or equal"),
        ({"endpoint": "http://n", "tls": {"cert_file": "c"}}, "cert_file and key_file belong together"),
        ({"endpoint": "http://n", "encoding": "json"}, "Extra inputs are not permitted"),
    ],
)
def test_what_makes_no_sense_is_told(keys, said):
    with pytest.raises(ValidationError, match=said) as caught:
        OtlpHttpExporter.model_validate(keys)
    assert "a\nb" not in str(caught.value)


def test_a_file_has_one_name_until_it_is_told_to_rotate():
    plain = file("file", FileExporter(path="spans.jsonl"))
    assert (plain.format, plain.compression, plain.rotation, plain.required) == ("json", "none", None, True)
    keys = FileExporter.model_validate(
        {"path": "x", "rotation": {"max_megabytes": 2}, "flush_interval": "3s", "required": False}
    )
    rotated = file("file/a", keys)
    assert rotated.rotation == Rotation(max_bytes=2 * MIB, max_days=0, max_backups=100)
    assert (rotated.flush_seconds, rotated.required) == (3.0, False)


@pytest.mark.parametrize(
    "keys", [{}, {"path": ""}, {"path": "x", "format": "csv"}, {"path": "x", "append": True}]
)
def test_a_file_needs_a_path_and_a_format_that_there_is(keys):
    with pytest.raises(ValidationError):
        FileExporter.model_validate(keys)


def test_debug_says_little_unless_it_is_told_to():
    found = debug("debug", DebugExporter())
    assert (found.verbosity, found.sampling_initial, found.sampling_thereafter) == ("basic", 2, 1)
