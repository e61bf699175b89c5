"""TLS at the doors of the receivers (`contract/otlp-receiver.md` §10, §12)."""

from __future__ import annotations

import asyncio
import ssl

import aiohttp
import grpc
import pytest
import trustme
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from pydantic import ValidationError

from otel_bridge.auth.settings import Tls
from otel_bridge.auth.tls import Certificates
from otel_bridge.errors import StartError
from otel_bridge.http.door import Door
from otel_bridge.receiver.grpc import open_grpc
from tests.contract.receiver.bodies import PROTOBUF, as_protobuf
from tests.contract.receiver.client import LONGEST_WAIT, TRACES, connected, head, refused
from tests.contract.receiver.keys import certificates_of, issue, keyed
from tests.contract.receiver.test_exporters import trace_with

HEADERS = {"Content-Type": PROTOBUF}


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


@pytest.fixture
def ca_file(ca, tmp_path):
    file = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(file)
    return file


def trusting(ca: trustme.CA, client: trustme.LeafCert | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    ca.configure_trust(context)
    if client is not None:
        client.configure_cert(context)
    return context


async def post(bridge, context: ssl.SSLContext, session=None) -> int:
    url = f"https://localhost:{bridge.http_port}/v1/traces"
    sending = session or bridge.session
    async with sending.post(url, data=as_protobuf(), headers=HEADERS, ssl=context) as response:
        return response.status


def channel(bridge, ca: trustme.CA, client: trustme.LeafCert | None = None) -> grpc.aio.Channel:
    chain = None if client is None else b"".join(one.bytes() for one in client.cert_chain_pems)
    key = None if client is None else client.private_key_pem.bytes()
    credentials = grpc.ssl_channel_credentials(ca.cert_pem.bytes(), key, chain)
    return grpc.aio.secure_channel(f"localhost:{bridge.grpc_port}", credentials)


async def call(opened: grpc.aio.Channel) -> bytes:
    return await opened.unary_unary(TRACES)(as_protobuf(), timeout=LONGEST_WAIT)


class TestTls:
    async def test_live_exporters_send_over_it(self, serve, ca, ca_file, tmp_path, monkeypatch):
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # would win over the file of the exporter
            monkeypatch.delenv(name, raising=False)
        bridge = await serve(door=Door(certificates=await certificates_of(ca, tmp_path)))
        url = f"https://localhost:{bridge.http_port}/v1/traces"
        http = HttpExporter(url, certificate_file=str(ca_file), timeout=10)
        credentials = grpc.ssl_channel_credentials(ca.cert_pem.bytes())
        over_grpc = GrpcExporter(f"localhost:{bridge.grpc_port}", credentials=credentials, timeout=10)
        for exporter in (http, over_grpc):
            await asyncio.to_thread(trace_with, exporter)
        assert [span.name for span in bridge.consume.spans] == ["chat", "chat"]

    async def test_http_1_1_is_agreed_on_where_clients_offer_more(self, serve, ca, tmp_path):
        bridge = await serve(door=Door(certificates=await certificates_of(ca, tmp_path)))
        context = trusting(ca)
        context.set_alpn_protocols(["h2", "http/1.1"])
        _, writer = await asyncio.open_connection(
            "127.0.0.1", bridge.http_port, ssl=context, server_hostname="localhost"
        )
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        writer.close()

    async def test_who_speaks_no_tls_is_not_answered(self, serve, ca, tmp_path):
        bridge = await serve(door=Door(certificates=await certificates_of(ca, tmp_path)))
        async with connected(bridge.http_port) as raw:
            await raw.send(head(0))
            assert b"HTTP/1.1 200" not in await raw.rest()
        assert bridge.consume.exports == []

    async def test_a_client_that_does_not_know_the_ca_does_not_connect(self, serve, ca, tmp_path):
        bridge = await serve(door=Door(certificates=await certificates_of(ca, tmp_path)))
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await post(bridge, ssl.create_default_context())

    @pytest.mark.parametrize(("min_version", "taken"), [("1.2", True), ("1.3", False)])
    async def test_old_versions_are_refused(self, serve, ca, tmp_path, min_version, taken):
        certificates = await certificates_of(ca, tmp_path, min_version=min_version)
        bridge = await serve(door=Door(certificates=certificates), grpc_door=Door())
        context = trusting(ca)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        if taken:
            assert await post(bridge, context) == 200
        else:
            with pytest.raises(aiohttp.ClientConnectorError):
                await post(bridge, context)

    async def test_grpc_cannot_insist_on_tls_1_3_and_says_so(self, bridge, ca, tmp_path):
        door = Door(certificates=await certificates_of(ca, tmp_path, min_version="1.3"))
        with pytest.raises(StartError, match=r"TLS 1\.2"):
            async with open_grpc(bridge.intake, "127.0.0.1", 0, door=door):
                pass


class TestInvalidTLSCredentials:
    """TestGRPCInvalidTLSCredentials, TestHTTPInvalidTLSCredentials."""

    def test_a_certificate_without_its_key(self, tmp_path):
        with pytest.raises(ValidationError, match="provide both certificate and key, or neither"):
            Tls.model_validate({"cert_file": str(tmp_path / "cert.pem")})

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(StartError, match="No such file"):
            Certificates(Tls(cert_file=tmp_path / "no.pem", key_file=tmp_path / "no.pem"))

    def test_a_file_that_is_no_certificate(self, tmp_path):
        file = tmp_path / "cert.pem"
        file.write_text("no PEM")
        with pytest.raises(StartError, match="these are no PEM files of a pair"):
            Certificates(Tls(cert_file=file, key_file=file))

    def test_a_key_of_another_certificate(self, ca, tmp_path):
        (tmp_path / "other").mkdir()
        chain, _ = issue(ca, tmp_path, "localhost")
        _, key = issue(ca, tmp_path / "other", "localhost")
        with pytest.raises(StartError, match="the key is not the certificate's"):
            Certificates(Tls(cert_file=chain, key_file=key))

    async def test_a_client_ca_that_is_none(self, ca, tmp_path):
        file = tmp_path / "ca.pem"
        file.write_text("no PEM")
        with pytest.raises(StartError, match="the client CA is no PEM"):
            await certificates_of(ca, tmp_path, client_ca_file=file)


class TestClientCertificates:
    @pytest.fixture
    async def bridge(self, serve, ca, ca_file, tmp_path):
        certificates = await certificates_of(ca, tmp_path, client_ca_file=ca_file)
        return await serve(door=keyed(certificates=certificates, certificates_allowed=True))

    async def test_a_client_is_who_its_certificate_says(self, bridge, ca):
        client = ca.issue_cert("machine.example")
        assert await post(bridge, trusting(ca, client)) == 200
        async with channel(bridge, ca, client) as opened:
            await call(opened)
        assert [export.projects for export in bridge.consume.exports] == [("acme/*",)] * 2

    async def test_a_certificate_of_nobody_is_401(self, bridge, ca):
        client = ca.issue_cert("else.example")
        assert await post(bridge, trusting(ca, client)) == 401
        async with channel(bridge, ca, client) as opened:
            assert (await refused(call(opened))).code() is grpc.StatusCode.UNAUTHENTICATED

    async def test_no_client_certificate(self, bridge, ca):
        with pytest.raises((aiohttp.ClientError, ssl.SSLError, ConnectionError)):
            await post(bridge, trusting(ca))
        async with channel(bridge, ca) as opened:
            assert (await refused(call(opened))).code() is grpc.StatusCode.UNAVAILABLE
        assert bridge.consume.exports == []

    async def test_wrong_client_ca(self, bridge, ca):
        client = trustme.CA().issue_cert("machine.example")
        with pytest.raises((aiohttp.ClientError, ssl.SSLError, ConnectionError)):
            await post(bridge, trusting(ca, client))
        async with channel(bridge, ca, client) as opened:
            assert (await refused(call(opened))).code() is grpc.StatusCode.UNAVAILABLE
        assert bridge.consume.exports == []


class TestReload:
    async def test_new_handshakes_use_the_new_certificate_and_open_connections_stay(
        self, serve, ca, tmp_path
    ):
        certificates = await certificates_of(ca, tmp_path)
        bridge = await serve(door=Door(certificates=certificates))
        other = trustme.CA()
        async with aiohttp.ClientSession() as kept, channel(bridge, ca) as opened:
            assert await post(bridge, trusting(ca), kept) == 200
            await call(opened)
            issue(other, tmp_path, "localhost", "127.0.0.1")
            await certificates.files.look()

            old = trusting(ca)
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                async with aiohttp.ClientSession() as fresh:
                    await post(bridge, old, fresh)
            async with aiohttp.ClientSession() as fresh:
                assert await post(bridge, trusting(other), fresh) == 200
            async with channel(bridge, other) as fresh:
                await call(fresh)
            await call(opened)
        assert len(bridge.consume.exports) == 5

    async def test_a_new_client_ca_counts_for_new_connections(self, serve, ca, ca_file, tmp_path):
        certificates = await certificates_of(ca, tmp_path, client_ca_file=ca_file)
        bridge = await serve(door=keyed(certificates=certificates, certificates_allowed=True))
        other = trustme.CA()
        old, new = ca.issue_cert("machine.example"), other.issue_cert("machine.example")
        other.cert_pem.write_to_path(ca_file)
        await certificates.files.look()
        assert await post(bridge, trusting(ca, new)) == 200
        with pytest.raises((aiohttp.ClientError, ssl.SSLError, ConnectionError)):
            await post(bridge, trusting(ca, old))
        async with channel(bridge, ca, new) as opened:
            await call(opened)
        async with channel(bridge, ca, old) as opened:
            assert (await refused(call(opened))).code() is grpc.StatusCode.UNAVAILABLE

    async def test_an_open_connection_goes_on(self, serve, ca, tmp_path):
        certificates = await certificates_of(ca, tmp_path)
        bridge = await serve(door=Door(certificates=certificates))
        context = trusting(ca)
        async with aiohttp.ClientSession() as kept:
            assert await post(bridge, context, kept) == 200
            issue(trustme.CA(), tmp_path, "localhost")
            await certificates.files.look()
            assert await post(bridge, context, kept) == 200

    async def test_a_bad_certificate_keeps_the_old_one(self, serve, ca, tmp_path, logged):
        certificates = await certificates_of(ca, tmp_path)
        bridge = await serve(door=Door(certificates=certificates))
        (tmp_path / "cert.pem").write_text("no PEM")
        await certificates.files.look()
        assert await post(bridge, trusting(ca)) == 200
        assert [event["event"] for event in logged] == ["file_not_reloaded"]
