"""Where judges and remote scorers may be asked, and which secret goes there."""

from __future__ import annotations

import orjson
import pytest
from pydantic import ValidationError

from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.catalogue import registered
from otel_bridge.scorer.judge.judge import judge_of
from otel_bridge.scorer.places import OPENAI_URL, Places
from otel_bridge.scorer.remote import OAuth, Remote
from otel_bridge.scorer.settings import ScoringSettings

ADDRESS = "https://scoring.example.com/score"
SAID = {
    "providers": {
        "local": {
            "base_url": "http://127.0.0.1:9000/v1/",
            "api_key": "local-key",
            "headers": {"X-Team": "a"},
        },
        "open": {"base_url": "http://127.0.0.1:9001"},
    },
    "secrets": {
        "TOKEN": {"value": "s3cret", "hosts": ["scoring.example.com"]},
        "CLIENT": {"value": "cl1ent", "hosts": ["id.example.com:8443"]},
    },
    "remote_hosts": ["scoring.example.com", "Models.Example.com:8443", "id.example.com"],
    "scorers": {
        "policy": {"type": "remote", "endpoint": "http://127.0.0.1:7000/score"},
        "secretive": {"type": "remote", "endpoint": "http://127.0.0.1:7000/other", "secret": "TOKEN"},
    },
}


def places(environ=None, **more):
    return Places(ScoringSettings.model_validate({**SAID, **more}), environ or {})


def judge(model, host=None):
    return judge_of({"model": model, "prompt": "{output}", **({} if host is None else {"host": host})})


def stored(url, **more):
    return judge("m", {"base_url": url, **more})


class TestProviders:
    def test_a_provider_of_the_configuration_is_asked_with_its_key_and_headers(self):
        place = places().of_judge(judge("local/meta/llama"))
        assert (place.url, place.model) == ("http://127.0.0.1:9000/v1/chat/completions", "meta/llama")
        assert place.headers == {"Authorization": "Bearer local-key", "X-Team": "a"}

    def test_a_provider_that_a_team_added_in_weave_is_the_one_of_that_name(self):
        place = places().of_judge(judge("custom::local::meta/llama"))
        assert (place.url, place.model) == ("http://127.0.0.1:9000/v1/chat/completions", "meta/llama")
        with pytest.raises(Unusable, match=r"set scoring\.providers\.theirs"):
            places().of_judge(judge("custom::theirs::m"))

    def test_a_provider_without_a_key_gets_none_even_if_others_have_one(self):
        assert places({"OPENAI_API_KEY": "sk-1"}).of_judge(judge("open/x")).headers == {}

    def test_openai_is_known_by_its_variable(self):
        found = places({"OPENAI_API_KEY": " sk-1 "})
        for model in ("openai/gpt-4o", "gpt-4o"):
            place = found.of_judge(judge(model))
            assert (place.url, place.model) == (f"{OPENAI_URL}/chat/completions", "gpt-4o")
            assert place.headers == {"Authorization": "Bearer sk-1"}

    def test_a_gateway_in_the_variable_is_asked_for_every_other_model_by_its_whole_name(self):
        found = places({"OPENAI_BASE_URL": "http://127.0.0.1:4000"})
        assert found.of_judge(judge("openai/gpt-4o")).model == "gpt-4o"
        assert found.of_judge(judge("anthropic/claude")).model == "anthropic/claude"
        assert found.of_judge(judge("local/x")).url.startswith("http://127.0.0.1:9000/")

    def test_the_configuration_wins_over_variables(self):
        mine = {"openai": {"base_url": "https://gateway.example.com/openai/chat/completions"}}
        place = places({"OPENAI_API_KEY": "sk-1"}, providers=mine).of_judge(judge("openai/gpt-4o"))
        assert (place.url, place.headers) == ("https://gateway.example.com/openai/chat/completions", {})

    def test_a_default_of_the_configuration_wins_over_a_gateway_in_the_variable(self):
        mine = {"default": {"base_url": "https://gateway.example.com/v1"}}
        found = places({"OPENAI_BASE_URL": "http://127.0.0.1:4000"}, providers=mine)
        assert found.of_judge(judge("x/y")).url.startswith("https://gateway.example.com/")
        assert found.of_judge(judge("openai/y")).url.startswith("http://127.0.0.1:4000/")

    @pytest.mark.parametrize(
        ("model", "environ", "named"),
        [
            ("gpt-4o", {}, "set scoring.providers.openai, or the variable OPENAI_API_KEY"),
            ("openai/gpt-4o", {}, "no provider openai is known for the model openai/gpt-4o"),
            ("anthropic/claude", {"OPENAI_API_KEY": "k"}, "set scoring.providers.anthropic"),
            ("local/", {}, "ends with its provider"),
            (
                "gpt-4o",
                {"OPENAI_BASE_URL": "ftp://x"},
                "the variable OPENAI_BASE_URL is no http or https URL",
            ),
            ("gpt-4o", {"OPENAI_API_KEY": "sk\n1"}, "characters that a header may not have"),
        ],
    )
    def test_a_model_that_nobody_serves_says_what_to_set(self, model, environ, named):
        with pytest.raises(Unusable) as unusable:
            places(environ).of_judge(judge(model))
        assert named in str(unusable.value)
        assert "sk\n1" not in str(unusable.value)


class TestStoredProviders:
    def test_one_whose_host_is_allowed_is_asked_without_anybodys_key(self):
        place = places({"OPENAI_API_KEY": "sk-1"}).of_judge(
            stored("https://models.example.com:8443/v1", headers={"X-A": "b"})
        )
        assert place.url == "https://models.example.com:8443/v1/chat/completions"
        assert (place.headers, place.model) == ({"X-A": "b"}, "m")

    def test_the_secret_it_names_goes_with_it_where_that_is_allowed(self):
        place = places().of_judge(stored("https://scoring.example.com/v1", secret="TOKEN"))
        assert place.headers == {"Authorization": "Bearer s3cret"}

    @pytest.mark.parametrize(
        ("host", "named"),
        [
            ({"base_url": "http://127.0.0.1:9000/v1"}, "127.0.0.1:9000 is not in scoring.remote_hosts"),
            ({"base_url": "https://models.example.com/v1"}, "models.example.com is not in"),
            ({"base_url": "http://169.254.169.254/latest"}, "169.254.169.254 is not in scoring.remote_hosts"),
            ({"base_url": "https://scoring.example.com.evil.org"}, "is not in scoring.remote_hosts"),
            ({"base_url": "https://evil.org\\@scoring.example.com"}, ""),
            ({"base_url": "https://me:pw@scoring.example.com"}, "no user, password"),
            ({"base_url": "file:///etc/passwd"}, "no http or https URL"),
            ({"base_url": "https://[::1"}, "is no URL"),
            ({"base_url": "https://scoring.example.com:99999"}, ""),
            ({"base_url": "https://models.example.com:8443", "secret": "TOKEN"}, "is not for the host"),
            ({"base_url": "https://scoring.example.com", "secret": "NONE"}, "set scoring.secrets.NONE"),
            ({"base_url": "https://scoring.example.com", "secret": "local"}, "set scoring.secrets.local"),
            ({"base_url": "https://scoring.example.com", "headers": {"Authorization": "x"}}, "Authorization"),
            ({"base_url": "https://scoring.example.com", "headers": {"Host: x, ": "y"}}, "headers Host: x,"),
            ({"base_url": "https://scoring.example.com", "headers": {"": "y"}}, "may not set the headers"),
            ({"base_url": "https://scoring.example.com", "headers": {"X-A": "b\r\nHost: c"}}, "characters"),
        ],
    )  # fmt: skip
    def test_one_that_is_not_allowed_is_refused(self, host, named):
        with pytest.raises(Unusable) as unusable:
            places().of_judge(judge("m", host))
        assert named in str(unusable.value)
        assert "pw" not in str(unusable.value)


class TestRemoteScorers:
    def test_one_of_the_configuration_is_asked_at_its_very_address(self):
        assert places().of_remote(Remote(endpoint="http://127.0.0.1:7000/score")).url.endswith(":7000/score")

    def test_an_object_may_not_name_another_path_of_that_host(self):
        with pytest.raises(Unusable, match="not in scoring"):
            places().of_remote(Remote(endpoint="http://127.0.0.1:7000/admin"))

    def test_a_token_goes_to_its_hosts_and_nowhere_else(self):
        found = places().of_remote(Remote(endpoint=ADDRESS, secret="TOKEN"))
        assert found.headers == {"Authorization": "Bearer s3cret"}
        with pytest.raises(Unusable, match="TOKEN is not for the host id"):
            places().of_remote(Remote(endpoint="https://id.example.com/score", secret="TOKEN"))

    def test_a_token_of_the_configuration_needs_its_host_too(self):
        spec = registered(ScoringSettings.model_validate(SAID))["secretive"]
        with pytest.raises(Unusable, match=r"see scoring\.secrets\.TOKEN\.hosts"):
            places().check(spec)

    def test_client_credentials_are_sent_where_their_secret_may_go(self):
        asked = OAuth(
            token_url="https://id.example.com:8443/token", client_id="me", secret="CLIENT", scope="s"
        )
        token = places().of_token(asked)
        assert dict(token.form) == {
            "grant_type": "client_credentials",
            "client_id": "me",
            "client_secret": "cl1ent",
            "scope": "s",
        }
        with pytest.raises(Unusable, match="CLIENT is not for the host"):
            places().of_token(
                OAuth(token_url="https://id.example.com/token", client_id="me", secret="CLIENT")
            )

    def test_a_schema_that_cannot_be_used_is_told_before_anything_is_asked(self):
        schema = {"type": "no such type"}
        said = {"type": "llm_judge", "model": "local/m", "prompt": "{output}", "response_schema": schema}
        spec = registered(ScoringSettings.model_validate({**SAID, "scorers": {"mine": said}}))["mine"]
        with pytest.raises(Unusable, match="schema: "):
            places().check(spec)

    def test_a_scorer_of_another_kind_needs_no_place(self):
        known = registered(ScoringSettings.model_validate(SAID))
        assert places().check(known["valid_json"]) is None


@pytest.mark.parametrize(
    "host",
    [
        "https://x.example.com",
        "*.example.com",
        "x.example.com/path",
        "x:",
        "x:0",
        "x:70000",
        "",
        "a b",
        "ü.de",
    ],
)
def test_what_is_no_host_is_a_mistake_of_the_configuration(host):
    for said in ({"remote_hosts": [host]}, {"secrets": {"S": {"value": "v", "hosts": host}}}):
        with pytest.raises(ValidationError, match="is no host, for example"):
            ScoringSettings.model_validate(said)


def test_hosts_are_compared_without_case():
    found = ScoringSettings.model_validate({"remote_hosts": ["X.Example.com", "[::1]:80", "127.0.0.1"]})
    assert found.remote_hosts == ("x.example.com", "[::1]:80", "127.0.0.1")
    address = Remote(endpoint="http://[::1]/score")
    assert Places(found, {}).of_remote(address).url == "http://[::1]/score"


def test_no_key_is_part_of_what_is_published_or_shown():
    settings = ScoringSettings.model_validate(SAID)
    keys = Places(settings, {"OPENAI_API_KEY": "sk-123456"}).keys
    assert set(keys) == {"sk-123456", "local-key", "s3cret", "cl1ent"}
    told = repr(settings) + settings.model_dump_json() + str(registered(settings)["secretive"])
    assert [key for key in keys if key in told] == []
    assert orjson.loads(settings.in_the_clear())["secrets"]["TOKEN"]["value"] == "s3cret"
