"""Authenticators, TLS and CORS of a configuration, and what may listen where."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from otel_bridge.auth.authenticators import BearerAuth, KeyAuth
from otel_bridge.config_file.printing import as_yaml, document_of
from otel_bridge.config_file.problems import BadConfig
from otel_bridge.receiver.settings import Keepalive

TEXT = """
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "{at}:4317", {grpc}}}
      http: {{endpoint: "{at}:4318", {http}}}
  weave_api: {{endpoint: "{at}:6345", {api}}}
exporters:
  store: {{}}
extensions:
  bearer_auth: {bearer}
  file_storage: {{}}
service:
  extensions: [bearer_auth, file_storage]
  {service}
  pipelines:
    traces: {{receivers: [otlp, weave_api], exporters: [store]}}
"""
AUTH = "auth: {authenticator: bearer_auth}"
KEYS = "{tokens: [k1]}"
DOORS = ("otlp_http_security", "otlp_grpc_security", "api_security")


def text(*, grpc=AUTH, http=AUTH, api=AUTH, bearer=KEYS, service="", at="127.0.0.1"):
    return TEXT.format(grpc=grpc, http=http, api=api, bearer=bearer, service=service, at=at)


def guards(config):
    return [getattr(config, name) for name in DOORS]


def problems(configure, *files, **given) -> str:
    with pytest.raises(BadConfig) as found:
        configure(*files, **given)
    return str(found.value)


class TestAuthenticators:
    def test_a_listener_names_one(self, configure):
        config = configure(text()).config
        assert [type(one.auth[0]) for one in guards(config)] == [BearerAuth] * 3

    def test_a_listener_may_name_several(self, configure):
        config = configure(text(api="auth: {authenticator: [bearer_auth, bearer_auth]}")).config
        assert len(config.api_security.auth) == 2

    def test_tokens_of_a_whole_file_are_read_again_when_it_changes(self, configure, tmp_path):
        (tmp_path / "tokens.yaml").write_text("- {name: app, key: s3cret}\n")
        loaded = configure(text(bearer=f'{{tokens: "${{file:{tmp_path}/tokens.yaml}}"}}'))
        (one,) = loaded.config.api_security.auth
        assert (one.tokens, one.tokens_file) == (None, tmp_path / "tokens.yaml")
        assert "s3cret" not in as_yaml(document_of(loaded, redacted=False))

    @pytest.mark.parametrize(
        "bearer", ["{tokens: s3cret}", "{tokens: [s3cret]}", "{tokens: [{name: a, key: s3cret}]}"]
    )
    def test_keys_are_not_printed(self, configure, bearer):
        loaded = configure(text(bearer=bearer))
        assert "s3cret" not in as_yaml(document_of(loaded, redacted=True))
        assert "s3cret" in as_yaml(document_of(loaded, redacted=False))

    @pytest.mark.parametrize(
        ("named", "said"),
        [
            ("bearer_atuh", "there is no authenticator bearer_atuh; did you mean bearer_auth?"),
            ("file_storage", "there is no authenticator file_storage"),
            ("bearer_auth/x", "bearer_auth/x is not defined; did you mean bearer_auth?"),
            ("basic_auth", "basic_auth is not defined"),
        ],
    )
    def test_one_that_is_none_is_an_error_with_its_place(self, configure, named, said):
        found = problems(configure, text(api=f"auth: {{authenticator: {named}}}"))
        assert f"receivers.weave_api.auth.authenticator: {said}" in found

    def test_one_that_does_not_run_is_an_error(self, configure):
        off = text().replace("[bearer_auth, file_storage]", "[file_storage]")
        assert "bearer_auth is not in service.extensions" in problems(configure, off)

    @pytest.mark.parametrize(
        ("bearer", "said"),
        [
            ("{}", "give either tokens or tokens_file"),
            ("{tokens: [{name: a}]}", "needs a key, a sha256 or a certificate"),
            ("{tokens: [k], rate_limit: many}", "is no number of requests a second"),
            (
                "{tokens: [{name: a, key: s3cret, rihgts: [read]}]}",
                "rihgts: unknown key; did you mean rights?",
            ),
        ],
    )
    def test_keys_that_make_no_sense_are_named_and_not_shown(self, configure, bearer, said):
        found = problems(configure, text(bearer=bearer))
        assert said in found
        assert "s3cret" not in found

    def test_keys_go_on_to_nobody_where_a_store_answers(self, configure):
        own = "auth: {authenticator: bearer_auth, passthrough: true}"
        found = problems(configure, text(api=own))
        assert "receivers.weave_api.auth.passthrough: the store answers here, and no upstream" in found

    def test_certificates_need_a_client_ca(self, configure):
        given = text(api="auth: {authenticator: certificate_auth}").replace(
            "bearer_auth, file", "bearer_auth, certificate_auth, file"
        )
        given = given.replace("  file_storage: {}", "  file_storage: {}\n  certificate_auth: {}")
        assert "certificate_auth needs tls with client_ca_file" in problems(configure, given)


class TestKeepalive:
    """`keepalive` of gRPC, with the keys of the collector."""

    def test_ages_and_pings_are_what_the_receiver_is_told(self, configure):
        own = "keepalive: {server_parameters: {max_connection_age: 30m}, enforcement_policy: {min_time: 5s}}"
        keepalive = configure(text(grpc=own)).config.otlp_grpc_keepalive
        assert keepalive == Keepalive(max_connection_age=1800.0, min_time=5.0)

    def test_an_age_that_cannot_be_counted_is_an_error(self, configure):
        own = "keepalive: {server_parameters: {max_connection_age: 30d}}"
        assert "must be between 1ms and 24d" in problems(configure, text(grpc=own))


class TestTls:
    def test_a_listener_has_its_own(self, configure):
        own = f"{AUTH}, tls: {{cert_file: /c.pem, key_file: /k.pem, min_version: '1.3', reload_interval: 1m}}"
        tls = configure(text(http=own)).config.otlp_http_security.tls
        assert (tls.cert_file, tls.min_version) == (Path("/c.pem"), "1.3")
        assert tls.reload_interval == timedelta(minutes=1)

    def test_a_certificate_without_its_key_is_an_error(self, configure):
        found = problems(configure, text(http="tls: {cert_file: /c.pem}"))
        assert "receivers.otlp.protocols.http.tls: for auth via TLS, provide both" in found

    def test_grpc_cannot_insist_on_1_3(self, configure):
        own = "tls: {cert_file: /c, key_file: /k, min_version: '1.3'}"
        found = problems(configure, text(grpc=own))
        assert "receivers.otlp.protocols.grpc: gRPC cannot be kept from TLS 1.2" in found


class TestCors:
    def test_keys_are_those_of_the_collector(self, configure):
        own = "cors: {allowed_origins: ['https://*.example'], allowed_headers: [x-a], max_age: 7200}"
        cors = configure(text(http=own)).config.otlp_http_security.cors
        assert (cors.allowed_origins, cors.allowed_headers) == (("https://*.example",), ("x-a",))
        assert cors.max_age == timedelta(hours=2)

    def test_what_is_no_origin_is_an_error(self, configure):
        assert "'app.example' is no origin" in problems(
            configure, text(http="cors: {allowed_origins: [app.example]}")
        )


class TestExposed:
    """Addresses that other machines may reach."""

    def test_each_listener_without_keys_is_an_error_with_its_place(self, configure):
        found = problems(configure, text(at="0.0.0.0", http="", api=""))
        assert "receivers.otlp.protocols.http.endpoint: 0.0.0.0:4318: other machines may reach" in found
        assert "receivers.weave_api.endpoint: 0.0.0.0:6345: other machines may reach" in found
        assert "protocols.grpc" not in found

    def test_with_keys_they_are_none(self, configure):
        assert configure(text(at="0.0.0.0")).config.exposed == ()

    def test_who_says_so_may_go_without(self, configure):
        service = "allow_unauthenticated: true"
        config = configure(text(at="0.0.0.0", http="", service=service)).config
        assert (config.allow_unauthenticated, config.exposed) == (True, ("otlp_http",))


class TestFlags:
    """What short options say of every listener."""

    def test_a_file_of_keys_is_for_every_listener(self, configure):
        given = {"auth_file": "/keys", "api": "0.0.0.0:1", "otlp_http": "0.0.0.0:2"}
        config = configure(flags=given).config
        for one in guards(config):
            assert [type(auth) for auth in one.auth] == [KeyAuth]
            assert one.auth[0].tokens_file == Path("/keys")

    def test_a_rate_is_for_the_keys_there_are(self, configure):
        config = configure(flags={"rate_limit": "5", "auth_file": "/keys"}).config
        assert config.api_security.auth[0].rate_limit == 5

    def test_a_rate_without_keys_is_an_error(self, configure):
        assert "it counts the requests of each key" in problems(configure, flags={"rate_limit": "5"})

    def test_tls_is_for_every_listener(self, configure):
        given = {"tls_cert": "/c", "tls_key": "/k", "tls_client_ca": "/ca", "otlp_grpc": "0.0.0.0:1"}
        for one in guards(configure(flags=given).config):
            assert (one.tls.cert_file, one.tls.key_file, one.tls.client_ca_file) == (
                Path("/c"),
                Path("/k"),
                Path("/ca"),
            )

    def test_origins_are_for_listeners_of_http(self, configure):
        config = configure(flags={"cors_origins": "https://a.example, https://*.b.example"}).config
        for one in (config.otlp_http_security, config.api_security):
            assert one.cors.allowed_origins == ("https://a.example", "https://*.b.example")
            assert one.cors.allowed_headers == ("*",)
        assert config.otlp_grpc_security.cors is None

    def test_a_flag_lets_everybody_in(self, configure):
        given = {"allow_unauthenticated": "on", "api": "0.0.0.0:1"}
        assert configure(flags=given).config.exposed == ("api",)
