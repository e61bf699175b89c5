"""Exporters behind TLS: whom they trust, what they show, and files that are none."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager

import pytest
import trustme
from aiohttp import web

from otel_bridge.errors import StartError
from otel_bridge.exporter.frames import Outgoing
from otel_bridge.exporter.otlp import open_otlp
from otel_bridge.exporter.settings import OtlpHttpSettings, TlsSettings
from otel_bridge.exporter.verdict import Again, Sent


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A CA, a certificate with its key that it signed, and another CA."""
    folder = tmp_path_factory.mktemp("tls")
    ca, other = trustme.CA(), trustme.CA()
    made = ca.issue_cert("localhost")
    ca.cert_pem.write_to_path(folder / "ca.pem")
    other.cert_pem.write_to_path(folder / "other.pem")
    made.private_key_pem.write_to_path(folder / "key.pem")
    for blob in made.cert_chain_pems:
        blob.write_to_path(folder / "cert.pem", append=True)
    return {path.stem: str(path) for path in folder.iterdir()}


def server_context(files, *, asks: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files["cert"], files["key"])
    if asks:
        context.load_verify_locations(files["ca"])
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@asynccontextmanager
async def serving(context: ssl.SSLContext):
    """A receiver that takes everything; its URL."""

    async def take(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        yield f"https://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def sent(url: str, **tls):
    """Send nothing to a receiver; return the verdict."""
    async with open_otlp(OtlpHttpSettings(endpoint=url, tls=TlsSettings(**tls)), None) as target:
        return await target.send(Outgoing("", 0, None), b"", project="a/b", gzip=False)


async def test_a_server_is_trusted_when_the_ca_file_says_so(files):
    context = await asyncio.to_thread(server_context, files, asks=False)
    async with serving(context) as url:
        assert await sent(url, ca_file=files["ca"]) == Sent()
        assert await sent(url, insecure_skip_verify=True) == Sent()
        for tls in ({"ca_file": files["other"]}, {}):
            refused = await sent(url, **tls)
            assert isinstance(refused, Again)
            assert "certificate verify failed" in refused.reason


async def test_a_server_that_asks_is_shown_the_certificate(files):
    context = await asyncio.to_thread(server_context, files, asks=True)
    async with serving(context) as url:
        shown = {"cert_file": files["cert"], "key_file": files["key"]}
        assert await sent(url, ca_file=files["ca"], **shown) == Sent()
        assert isinstance(await sent(url, ca_file=files["ca"]), Again)


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        ({"ca_file": "/nowhere"}, "exporter otlp_http: tls.ca_file: No such file"),
        ({"ca_file": "key"}, "exporter otlp_http: tls.ca_file: no certificates"),
        (
            {"cert_file": "key", "key_file": "key"},
            "exporter otlp_http: tls.cert_file, key_file: no certificate",
        ),
    ],
)
async def test_files_that_cannot_be_used_are_named(files, tls, said):
    with pytest.raises(StartError, match=said):
        await sent("https://localhost:1", **{name: files.get(where, where) for name, where in tls.items()})
