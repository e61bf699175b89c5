"""From settings to what stands at each door."""

from __future__ import annotations

import ipaddress
import subprocess
import sys

import pytest
from pydantic import SecretStr, ValidationError
from structlog.testing import capture_logs

from otel_bridge.auth.authenticators import (
    ApiKeyAuth,
    BasicAuth,
    BearerAuth,
    CertificateAuth,
    ClientAuth,
    Htpasswd,
)
from otel_bridge.auth.principal import Need
from otel_bridge.auth.rate import RateLimiter
from otel_bridge.auth.settings import Security, Tls
from otel_bridge.config import BridgeConfig
from otel_bridge.errors import Forbidden, StartError, Unauthenticated
from otel_bridge.service.doormaker import Doormaker
from otel_bridge.service.securing import check_exposed
from tests.contract.receiver.keys import basic, issue

DOORS = ("otlp_http", "otlp_grpc", "api")
EVERYWHERE = [str(ipaddress.IPv4Address(0)) + ":1", "[::]:1", "192.168.1.5:1", "bridge.example:1"]
TOKENS = SecretStr("- {name: app, key: k1}")
BEARER = {"authorization": "Bearer k1"}


def door(*auth, **security):
    return Doormaker(RateLimiter(lambda: 0.0), lambda _: None).door(Security(auth=auth, **security))


def opens(made, headers, certificate=None) -> str:
    return made.access.admit(headers, certificate, Need.KEY).name


class TestExposed:
    @pytest.mark.parametrize("name", DOORS)
    @pytest.mark.parametrize("address", EVERYWHERE)
    def test_an_address_of_others_needs_a_key(self, name, address):
        with pytest.raises(StartError, match="--allow-unauthenticated"):
            check_exposed(BridgeConfig(**{name: address}))

    @pytest.mark.parametrize("name", DOORS)
    @pytest.mark.parametrize("address", ["127.0.0.1:1", "[::1]:1", "localhost:1"])
    def test_an_address_of_this_machine_needs_none(self, name, address):
        assert check_exposed(BridgeConfig(**{name: address})) is None

    @pytest.mark.parametrize("name", ["admin", "metrics"])
    def test_probe_and_metrics_listeners_are_exempt(self, name):
        assert check_exposed(BridgeConfig(**{name: EVERYWHERE[0]})) is None

    @pytest.mark.parametrize(
        "security",
        [
            Security(auth=(BearerAuth(tokens=TOKENS),)),
            Security(tls=Tls(cert_file="a", key_file="b", client_ca_file="c")),
        ],
        ids=["keys", "certificates"],
    )
    def test_keys_and_client_certificates_will_do(self, security):
        assert check_exposed(BridgeConfig(api=EVERYWHERE[0], api_security=security)) is None

    def test_tls_alone_will_not(self):
        security = Security(tls=Tls(cert_file="a", key_file="b"))
        with pytest.raises(StartError, match="--allow-unauthenticated"):
            check_exposed(BridgeConfig(api=EVERYWHERE[0], api_security=security))

    def test_who_says_so_may_go_without_and_is_warned(self):
        with capture_logs() as logged:
            check_exposed(BridgeConfig(api=EVERYWHERE[0], allow_unauthenticated=True))
        assert [event["event"] for event in logged] == ["listener_without_auth"]


class TestKinds:
    """Each kind of authenticator, as a configuration names it."""

    def test_none_asks_nobody(self):
        made = door()
        assert (made.access, made.guard("127.0.0.1") is not None) == (None, True)

    def test_bearer(self):
        made = door(BearerAuth(tokens=TOKENS))
        assert opens(made, BEARER) == "app"
        with pytest.raises(Unauthenticated):
            opens(made, {"x-api-key": "k1"})

    def test_api_key(self):
        made = door(ApiKeyAuth(tokens=TOKENS))
        assert opens(made, {"wandb-api-key": "k1"}) == "app"
        with pytest.raises(Unauthenticated):
            opens(made, BEARER)

    def test_basic_by_keys(self):
        assert opens(door(BasicAuth(tokens=TOKENS)), basic("k1")) == "app"

    def test_basic_by_one_user(self):
        client = ClientAuth(username="ann", password=SecretStr("pw"))
        made = door(BasicAuth(client_auth=client))
        assert opens(made, basic("pw", "ann")) == "ann"
        with pytest.raises(Unauthenticated):
            opens(made, basic("pw"))

    def test_basic_by_htpasswd(self, tmp_path):
        file = tmp_path / "users"
        file.write_text("ann:pw\n")
        for users in (Htpasswd(file=file), Htpasswd(inline=SecretStr("ann:pw"))):
            assert opens(door(BasicAuth(htpasswd=users)), basic("pw", "ann")) == "ann"

    def test_one_users_password_may_be_in_a_file(self, tmp_path):
        (tmp_path / "password").write_text("pw\n")
        client = ClientAuth(username="ann", password_file=tmp_path / "password")
        assert opens(door(BasicAuth(client_auth=client)), basic("pw", "ann")) == "ann"

    def test_keys_may_be_a_list(self):
        made = door(BearerAuth(tokens=["k1", {"name": "app", "key": "k2"}]))
        assert opens(made, BEARER) == "key 1"
        assert opens(made, {"authorization": "Bearer k2"}) == "app"

    @pytest.mark.parametrize("rate", ["many", "-1", 0, "inf"])
    def test_a_rate_is_a_number_of_requests(self, rate):
        with pytest.raises(ValidationError, match="no number of requests a second"):
            BearerAuth(tokens=TOKENS, rate_limit=rate)

    def test_a_rate_may_be_off(self):
        assert BearerAuth(tokens=TOKENS, rate_limit="off").rate_limit is None
        assert BearerAuth(tokens=TOKENS, rate_limit="2.5").rate_limit == 2.5

    def test_several_at_one_door(self):
        made = door(BearerAuth(tokens=TOKENS), BasicAuth(htpasswd=Htpasswd(inline=SecretStr("ann:pw"))))
        assert (opens(made, BEARER), opens(made, basic("pw", "ann"))) == ("app", "ann")

    def test_certificates_need_a_client_ca(self):
        with pytest.raises(StartError, match="client_ca_file"):
            door(CertificateAuth())

    @pytest.mark.parametrize("named", [True, False])
    def test_certificates(self, tmp_path, named):
        trustme = pytest.importorskip("trustme")
        ca = trustme.CA()
        ca.cert_pem.write_to_path(tmp_path / "ca.pem")
        chain, key = issue(ca, tmp_path, "localhost")
        keys = tmp_path / "keys"
        keys.write_text("- {name: app, certificate: app.example, rights: [read]}")
        tls = Tls(cert_file=chain, key_file=key, client_ca_file=tmp_path / "ca.pem")
        made = door(*([CertificateAuth(tokens_file=keys)] if named else []), tls=tls)
        assert opens(made, {}, ["app.example"]) == ("app" if named else "client certificate app.example")
        if named:
            with pytest.raises(Forbidden):
                made.access.admit({}, ["app.example"], Need.INGEST)

    @pytest.mark.parametrize("kind", [BearerAuth, ApiKeyAuth, BasicAuth])
    @pytest.mark.parametrize("given", [{}, {"tokens": "k", "tokens_file": "f"}], ids=["none", "both"])
    def test_keys_come_from_one_place(self, kind, given):
        with pytest.raises(ValidationError, match="give"):
            kind(**given)

    def test_keys_of_the_configuration_that_make_no_sense_are_not_shown(self):
        with pytest.raises(StartError, match="the keys of the configuration") as found:
            door(BearerAuth(tokens=SecretStr("keys: [{name: a, s3cret: x}]")))
        assert "x}" not in str(found.value)


def test_a_bridge_without_keys_loads_nothing_that_reads_them():
    code = "import otel_bridge.service.running, sys; print([n for n in sys.modules if n in HEAVY])"
    heavy = ["otel_bridge.auth.authenticators", "otel_bridge.auth.keys_file", "otel_bridge.service.doormaker"]
    done = subprocess.run(
        [sys.executable, "-c", f"HEAVY = {heavy}; {code}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
