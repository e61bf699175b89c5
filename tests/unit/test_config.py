"""What a user may set, and what is said when it is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from otel_bridge.config import BridgeConfig
from otel_bridge.ingest.address import default_data_dir
from otel_bridge.parsers import parse_since


def test_the_defaults_are_those_of_the_standalone_bridge():
    config = BridgeConfig()
    assert str(config.otlp_grpc) == "127.0.0.1:4317"
    assert str(config.otlp_http) == "127.0.0.1:4318"
    assert str(config.api) == "127.0.0.1:6345"
    assert config.default_project == "local/default"
    assert config.retention == timedelta(days=14)
    assert config.max_disk == 20 * 1024**3
    assert config.logs == "off"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:0", "127.0.0.1", 0), ("[::1]:4318", "::1", 4318), ("localhost:1", "localhost", 1)],
)
def test_an_endpoint_is_host_and_port(text, host, port):
    endpoint = BridgeConfig(api=text).api
    assert (endpoint.host, endpoint.port) == (host, port)
    assert str(endpoint) == text


@pytest.mark.parametrize(
    "text", ["4318", ":4318", "host:", "host:65536", "http://host:1", "::1:4318", "a b:1"]
)
def test_anything_else_is_not_an_endpoint(text):
    with pytest.raises(ValidationError, match="not HOST:PORT"):
        BridgeConfig(otlp_http=text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("14d", timedelta(days=14)),
        ("36h", timedelta(hours=36)),
        ("1h30m", timedelta(minutes=90)),
        ("off", None),
    ],
)
def test_retention_is_a_duration_or_off(text, expected):
    assert BridgeConfig(retention=text).retention == expected


@pytest.mark.parametrize("text", ["", "14", "fortnight", "0s", "-1h"])
def test_a_retention_that_is_no_duration_is_refused(text):
    with pytest.raises(ValidationError, match="retention"):
        BridgeConfig(retention=text)


@pytest.mark.parametrize(
    ("text", "expected"), [("20GiB", 20 << 30), ("500MB", 500_000_000), ("16777216", 16 << 20), ("off", None)]
)
def test_the_disk_cap_is_a_size_or_off(text, expected):
    assert BridgeConfig(max_disk=text).max_disk == expected


@pytest.mark.parametrize("text", ["much", "1KB", "-5GiB"])
def test_a_disk_cap_that_is_no_size_or_too_small_is_refused(text):
    with pytest.raises(ValidationError, match="max_disk"):
        BridgeConfig(max_disk=text)


def test_data_lies_where_the_xdg_base_directories_say(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data_dir() == tmp_path / "otel-bridge"
    monkeypatch.setenv("XDG_DATA_HOME", "relative/is/ignored")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert default_data_dir() == tmp_path / ".local" / "share" / "otel-bridge"


NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7d", NOW - timedelta(days=7)),
        (" 90m ", NOW - timedelta(minutes=90)),
        ("2026-11-01T00:00Z", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T02:00+02:00", datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_so_long_ago_or_iso_8601(text, moment):
    assert parse_since(text, NOW) == moment


@pytest.mark.parametrize("text", ["off", "", "yesterday", "-7d", "2026-13-01"])
def test_anything_else_is_no_time(text):
    with pytest.raises(ValueError, match="neither a duration nor a time"):
        parse_since(text, NOW)
