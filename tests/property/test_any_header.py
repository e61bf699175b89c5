"""No header value crashes a door: it is let in, or refused in words of ours."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.auth.access import Access, Authenticator
from otel_bridge.auth.credentials import HEADERS, Scheme
from otel_bridge.auth.keyring import KeyRing
from otel_bridge.auth.keys_file import BadKeys, read_htpasswd, read_keys
from otel_bridge.auth.principal import Need, Principal
from otel_bridge.auth.rate import RateLimiter
from otel_bridge.errors import BridgeError, Unauthenticated
from otel_bridge.http.guard import any_matches

RING = read_keys("- {name: app, key: k1}\n- {name: ann, user: ann, key: pw}")
ACCESS = Access([Authenticator(lambda: RING, frozenset(Scheme))], RateLimiter(lambda: 0.0), lambda _: None)
TEXT = st.text(st.characters(exclude_categories=[]), max_size=60)
"""With half pairs of surrogates: so bytes that are no UTF-8 reach a handler."""

ENCODED = st.binary(max_size=40).map(lambda raw: "Basic " + base64.b64encode(raw).decode())
VALUES = st.one_of(
    TEXT, ENCODED, TEXT.map("Bearer ".__add__), TEXT.map("Basic ".__add__), st.just("Bearer k1")
)


@given(headers=st.dictionaries(st.sampled_from(HEADERS), VALUES), worker=TEXT)
def test_any_headers_are_let_in_or_refused(headers, worker):
    own = Access((), RateLimiter(lambda: 0.0), lambda _: None, worker_token="t")
    with suppress(Unauthenticated):
        assert isinstance(ACCESS.admit(headers, None, Need.KEY), Principal)
    with pytest.raises(BridgeError):
        own.admit({"X-Otel-Bridge-Worker": worker}, None, Need.KEY, "/elsewhere")


@given(text=TEXT)
def test_any_file_of_keys_is_read_or_refused(text):
    for read in (read_keys, read_htpasswd):
        with suppress(BadKeys):
            assert isinstance(read(text), KeyRing)


@given(pattern=TEXT, origin=TEXT)
def test_any_origin_matches_or_does_not(pattern, origin):
    assert any_matches([origin.replace("*", "")], origin.replace("*", ""))
    assert any_matches([pattern], origin) in {True, False}
