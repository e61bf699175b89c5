"""Listeners of a running bridge come, go, move and change what they ask for."""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import trustme

from tests.e2e import client
from tests.e2e.reload.configured import Configured, a_document, configured
from tests.e2e.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def listens(port: int) -> bool:
    with closing(socket.socket()) as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def with_http(folder: Path, **keys: Any) -> dict[str, Any]:
    """A bridge with these keys of its listener for OTLP over HTTP."""
    document = a_document(folder)
    document["receivers"]["otlp"]["protocols"]["http"] |= keys
    return document


def begun(url: str, body: bytes) -> socket.socket:
    """Begin to send a request; half of its body is still to come."""
    parts = urlsplit(url)
    sock = socket.create_connection((parts.hostname, parts.port), timeout=60)
    head = (
        f"POST /v1/traces HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/x-protobuf\r\n\r\n"
    )
    sock.sendall(head.encode() + body[: len(body) // 2])
    return sock


def status_of(sock: socket.socket) -> int:
    return int(sock.recv(4096).split()[1])


def test_a_listener_that_moves_finishes_what_it_is_busy_with(tmp_path):
    port, request = free_port(), client.a_request(2)
    body = request.SerializeToString()
    with configured(tmp_path, a_document(tmp_path)) as up, closing(begun(up.bridge.http, body)) as sock:
        old = urlsplit(up.bridge.http).port
        until(lambda: client.call(f"{up.bridge.api}/metrics")[0] == 200)
        up.reload(with_http(tmp_path, endpoint=f"127.0.0.1:{port}"))
        assert client.export(f"http://127.0.0.1:{port}", client.a_request(1)) == 200
        until(lambda: not listens(old), "the old address is left")
        sock.sendall(body[len(body) // 2 :])
        assert status_of(sock) == 200
        assert set(client.span_ids(request)) <= set(client.ids(up.bridge.api))


@pytest.mark.long
def test_probes_and_protocols_come_and_go(tmp_path):
    port = free_port()
    with configured(tmp_path, a_document(tmp_path)) as up:
        grpc = int(up.bridge.grpc.rpartition(":")[2])
        document = a_document(tmp_path)
        document["extensions"] = {"health_check": {"endpoint": f"127.0.0.1:{port}"}}
        document["service"]["extensions"] = ["health_check"]
        del document["receivers"]["otlp"]["protocols"]["grpc"]
        up.reload(document)
        assert client.call(f"http://127.0.0.1:{port}/readyz")[0] == 200
        until(lambda: not listens(grpc), "gRPC is gone")
        up.reload(a_document(tmp_path))
        until(lambda: not listens(port), "the probes are gone")
        assert client.export(up.bridge.http, client.a_request(1)) == 200


@pytest.mark.long
def test_sizes_of_requests_change(tmp_path):
    large = client.a_request(1, text="x" * 100_000)
    with configured(tmp_path, a_document(tmp_path)) as up:
        assert client.export(up.bridge.http, large) == 200
        up.reload(with_http(tmp_path, max_request_body_size="2KiB"))
        assert client.export(up.bridge.http, large) == 413
        up.reload(a_document(tmp_path))
        assert client.export(up.bridge.http, large) == 200


def export_with(up: Configured, key: str | None) -> int:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    body = client.a_request(1).SerializeToString()
    url = f"{up.bridge.http}/v1/traces"
    return client.call(url, body, Content_Type="application/x-protobuf", **headers)[0]


def test_keys_are_asked_for_and_change(tmp_path):
    with configured(tmp_path, a_document(tmp_path)) as up:
        assert export_with(up, None) == 200
        document = with_http(tmp_path, auth={"authenticator": "bearer_auth"})
        document["extensions"] = {"bearer_auth": {"tokens": ["first-key-0123456789"]}}
        document["service"]["extensions"] = ["bearer_auth"]
        up.reload(document)
        assert [export_with(up, key) for key in (None, "first-key-0123456789")] == [401, 200]
        document["extensions"]["bearer_auth"]["tokens"] = ["second-key-0123456789"]
        up.reload(document)
        keys = ("first-key-0123456789", "second-key-0123456789")
        assert [export_with(up, key) for key in keys] == [401, 200]


def serial_of(port: int, ca: trustme.CA) -> str:
    """The serial number of the certificate that is shown at a port."""
    context = ssl.create_default_context()
    ca.configure_trust(context)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as tls,
    ):
        certificate = tls.getpeercert()
        assert certificate is not None
        return certificate["serialNumber"]


def a_certificate(ca: trustme.CA, folder: Path, name: str) -> dict[str, str]:
    """The keys of a listener that shows a certificate of its own."""
    leaf = ca.issue_cert("localhost")
    chain, key = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(key)
    return {"cert_file": str(chain), "key_file": str(key)}


@pytest.mark.long
def test_certificates_are_other_files_at_the_same_port(tmp_path):
    ca, port = trustme.CA(), free_port()
    first, second = (a_certificate(ca, tmp_path, name) for name in ("first", "second"))
    at = {"endpoint": f"127.0.0.1:{port}"}
    with configured(tmp_path, with_http(tmp_path, **at, tls=first)) as up:
        shown = serial_of(port, ca)
        up.reload(with_http(tmp_path, **at, tls=second))
        assert serial_of(port, ca) != shown
        up.reload(with_http(tmp_path, **at), "needs_restart")
        assert "receivers.otlp.protocols.http.tls" in up.bridge.log
        assert serial_of(port, ca) != shown
