"""A bridge says in its data directory where its API is."""

from __future__ import annotations

import pytest

from otel_bridge.ingest.address import publish_address, running_address, withdraw_address


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:6345"),
        ("::1", "http://[::1]:6345"),
        ("0.0.0.0", "http://127.0.0.1:6345"),
        ("::", "http://[::1]:6345"),
        ("bridge.internal", "http://bridge.internal:6345"),
    ],
)
def test_the_address_is_one_that_can_be_called(tmp_path, host, url):
    publish_address(tmp_path, host, 6345)
    assert running_address(tmp_path) == url
    withdraw_address(tmp_path)
    assert running_address(tmp_path) is None


def test_a_directory_that_cannot_be_written_costs_nothing_but_the_address(tmp_path):
    publish_address(tmp_path / "gone", "127.0.0.1", 1)
    withdraw_address(tmp_path / "gone")
    assert running_address(tmp_path / "gone") is None


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_what_is_no_address_is_none(tmp_path, content):
    (tmp_path / "api").write_bytes(content)
    assert running_address(tmp_path) is None
