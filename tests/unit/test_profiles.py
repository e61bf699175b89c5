"""What a bridge is by its profile and its environment."""

from __future__ import annotations

import pytest

from otel_bridge.config import BridgeConfig
from otel_bridge.config_file.aliases import Given
from otel_bridge.config_file.reading import Sources, load
from otel_bridge.parsers import BadSetting
from otel_bridge.profiles import WEAVE_URL

KEYED = {"WANDB_API_KEY": "the-key", "WANDB_ENTITY": "team", "WANDB_PROJECT": "shop"}


def bridge(profile: str | None, environ: dict[str, str], **given: str) -> BridgeConfig:
    options = {name: Given(text) for name, text in given.items()}
    return load(Sources(profile=profile, options=options), environ).config


def sidecar(environ: dict[str, str], **given: str) -> BridgeConfig:
    return bridge("sidecar", environ, **given)


def test_a_sidecar_keeps_nothing_and_sends_to_weave():
    config = sidecar(KEYED)
    (upstream,) = config.upstreams
    assert config.store is False
    assert config.default_project == "team/shop"
    assert upstream.endpoint == WEAVE_URL
    assert upstream.api_key.get_secret_value() == "the-key"
    assert "the-key" not in repr(config)


@pytest.mark.parametrize("name", ["WEAVE_ENDPOINT", "WF_TRACE_SERVER_URL"])
def test_the_server_has_two_names_and_needs_no_key_of_its_own(name):
    config = sidecar({name: "http://weave.internal:8080/base/"})
    assert config.upstreams[0].endpoint == "http://weave.internal:8080/base"
    assert config.upstreams[0].api_key is None
    assert config.default_project is None


def test_a_flag_wins_over_the_environment():
    config = sidecar({**KEYED, "WEAVE_ENDPOINT": "http://a"}, upstream="http://b", default_project="x/y")
    assert config.upstreams[0].endpoint == "http://b"
    assert config.default_project == "x/y"


def test_a_project_may_name_its_entity():
    assert sidecar({**KEYED, "WANDB_ENTITY": "", "WANDB_PROJECT": "a/b"}).default_project == "a/b"


def test_the_key_may_be_in_a_file():
    environ = {"WANDB_API_KEY_FILE": "/run/secrets/key", "WEAVE_ENDPOINT": "http://a"}
    assert sidecar(environ).upstreams[0].api_key_file == "/run/secrets/key"


def test_a_standalone_bridge_does_not_heed_what_programs_beside_it_have_set():
    config = bridge(None, {**KEYED, "WF_TRACE_SERVER_URL": "http://127.0.0.1:6345"})
    assert (config.store, config.upstreams, config.default_project) == (True, (), "local/default")


def test_a_standalone_bridge_may_have_an_upstream_too():
    config = bridge("standalone", KEYED, upstream="http://a", turns="spans")
    (upstream,) = config.upstreams
    assert config.store is True
    assert upstream.api_key.get_secret_value() == "the-key"
    assert upstream.options.turns == "spans", "calls are the same in both places"


@pytest.mark.parametrize(
    ("environ", "given", "expected"),
    [
        ({}, {}, "WANDB_API_KEY"),
        ({"WANDB_API_KEY": "a", "WANDB_API_KEY_FILE": "b"}, {}, "take one"),
        ({"WANDB_API_KEY": "a\nb"}, {}, "no API key"),
        ({**KEYED, "WANDB_ENTITY": ""}, {}, "WANDB_ENTITY"),
        ({**KEYED, "WANDB_ENTITY": "a b"}, {}, "ENTITY/PROJECT"),
        ({**KEYED, "WEAVE_ENDPOINT": "weave.internal"}, {}, "WEAVE_ENDPOINT"),
        ({**KEYED, "WEAVE_ENDPOINT": "http://[::1"}, {}, "no URL"),
        (KEYED, {"upstream": "http://a:99999"}, "--upstream"),
        (KEYED, {"upstream": "http://user:secret@a"}, "nothing else"),
        (KEYED, {"upstream": "http://a?b=c"}, "nothing else"),
        (KEYED, {"logs": "on"}, "--logs"),
        (KEYED, {"upstream": "http://127.0.0.1:6345"}, "this bridge itself"),
    ],
)
def test_a_bad_setting_is_named(environ, given, expected):
    with pytest.raises(BadSetting) as raised:
        sidecar(environ, **given)
    assert expected in str(raised.value)
    assert "a\nb" not in str(raised.value)
