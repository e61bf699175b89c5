"""A configuration as it is printed: it can be read again, and shows no secret unless it is asked to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.config_file.builtin import PROFILES
from otel_bridge.config_file.printing import as_yaml, document_of, size
from otel_bridge.parsers import parse_duration, parse_size, spelled_duration

FILES = sorted((Path(__file__).parents[3] / "config").glob("*.yaml"))
ENVIRON = {
    "WANDB_API_KEY": "hush$hush",
    "WANDB_ENTITY": "team",
    "WANDB_PROJECT": "shop",
    "WEAVE_ENDPOINT": "http://weave:1",
}


@pytest.fixture
def environ(tmp_path):
    (tmp_path / "key").write_text("hush$hush")
    return {**ENVIRON, "KEYS": str(tmp_path / "key"), "KEY_FILE": str(tmp_path / "key")}


def again(configure, loaded):
    text = as_yaml(document_of(loaded, redacted=False))
    return configure(text).config.model_copy(update={"config_files": (), "profile": loaded.config.profile})


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_printed_of_a_profile_is_the_same_configuration(configure, environ, profile):
    loaded = configure(profile=profile, environ=environ, flags={"logs": "off", "turns": "spans"})
    assert again(configure, loaded) == loaded.config


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_printed_of_a_file_is_the_same_configuration(configure, environ, path):
    loaded = configure(path.read_text(), environ=environ)
    assert again(configure, loaded) == loaded.config.model_copy(update={"config_files": ()})


def test_limits_that_are_off_and_no_project_are_printed(configure):
    sets = [
        "exporters.store.retention=off",
        "exporters.store.max_bytes=off",
        "exporters.store.default_project=",
    ]
    loaded = configure(profile="standalone", sets=sets)
    store = document_of(loaded, redacted=True)["exporters"]["store"]
    assert store == {"retention": "off", "projects": {}, "max_bytes": "off", "default_project": None}
    assert again(configure, loaded) == loaded.config


def test_secrets_are_printed_only_when_asked_for(configure):
    loaded = configure(profile="sidecar", environ=ENVIRON)
    shown = document_of(loaded, redacted=True)
    assert shown["exporters"]["weave"]["auth"]["api_key"] == "[REDACTED]"
    assert "hush" not in as_yaml(shown)
    assert "hush" not in repr(loaded)
    plain = document_of(loaded, redacted=False)
    assert plain["exporters"]["weave"]["auth"]["api_key"] == "hush$$hush"


def test_a_secret_in_a_file_is_printed_as_the_file(configure, environ):
    (sidecar,) = (path for path in FILES if path.stem == "sidecar")
    auth = document_of(configure(sidecar.read_text(), environ=environ), redacted=False)["exporters"]["weave"]
    assert auth["auth"] == {"api_key_file": environ["KEY_FILE"], "scheme": "basic"}


def test_yaml_is_in_the_order_of_the_models(configure):
    loaded = configure(profile="gateway")
    assert list(yaml.safe_load(as_yaml(document_of(loaded, redacted=True)))) == [
        *("receivers", "exporters", "extensions", "service")
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(days=14), "14d"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(milliseconds=1500), "1s500ms"),
        (timedelta(0), "0s"),
    ],
)
def test_a_duration_is_written_with_few_units(value, text):
    assert spelled_duration(value) == text


@given(st.integers(min_value=1, max_value=10_000 * 86_400_000))
def test_a_duration_that_is_written_is_read_again(milliseconds):
    value = timedelta(milliseconds=milliseconds)
    assert parse_duration(spelled_duration(value)) == value


@given(st.integers(min_value=16 << 20, max_value=1 << 50))
def test_a_size_that_is_written_is_read_again(value):
    assert parse_size(str(size(value))) == value
