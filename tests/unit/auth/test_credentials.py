"""What a request brings to say who sent it."""

from __future__ import annotations

import base64

import pytest

from otel_bridge.auth.credentials import Credential, Scheme, credentials


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"authorization": "Bearer k1"}, [Credential(Scheme.BEARER, b"k1")]),
        ({"authorization": "bearer   k1 "}, [Credential(Scheme.BEARER, b"k1")]),
        ({"authorization": basic("api:k1")}, [Credential(Scheme.BASIC, b"k1", b"api")]),
        ({"authorization": basic("a:b:c")}, [Credential(Scheme.BASIC, b"b:c", b"a")]),
        ({"authorization": basic("api:ü")}, [Credential(Scheme.BASIC, "ü".encode(), b"api")]),
        ({"authorization": "Bearer%20k1"}, [Credential(Scheme.BEARER, b"k1")]),
        ({"authorization": basic("api:k1").replace(" ", "%20")}, [Credential(Scheme.BASIC, b"k1", b"api")]),
        ({"wandb-api-key": "k1"}, [Credential(Scheme.API_KEY, b"k1")]),
        ({"x-api-key": " k1 "}, [Credential(Scheme.API_KEY, b"k1")]),
        (
            {"authorization": "Bearer k1", "x-api-key": "k2"},
            [Credential(Scheme.BEARER, b"k1"), Credential(Scheme.API_KEY, b"k2")],
        ),
    ],
    ids=str,
)
def test_a_key_is_found_however_it_travels(headers, found):
    assert list(credentials(headers)) == found


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", "Basic", "Basic !!!", basic("no colon"), basic("user:"), "Digest x", "k1"],
)
def test_what_cannot_be_read_is_as_if_it_were_not_there(value):
    assert list(credentials({"authorization": value, "x-api-key": ""})) == []


def test_a_credential_does_not_show_its_key():
    assert "s3cret" not in repr(Credential(Scheme.BASIC, b"s3cret", b"api"))
