"""Web pages of other sites (`contract/otlp-receiver.md` §10, §12)."""

from __future__ import annotations

import pytest

from otel_bridge.auth.settings import Cors
from otel_bridge.http.door import Door
from tests.contract.receiver.bodies import JSON, as_json
from tests.contract.receiver.keys import BEARER, keyed

PAGE = "https://app.example"
ALLOWED = "Access-Control-Allow-Origin"


async def preflight(bridge, origin=PAGE, headers="", method="POST"):
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    asked |= {"Access-Control-Request-Headers": headers} if headers else {}
    return await bridge.send(None, None, method="OPTIONS", headers=asked)


def cors(**settings) -> Door:
    return Door(cors=Cors(**({"allowed_origins": (PAGE, "https://*.example.org")} | settings)))


class TestHTTPCors:
    @pytest.mark.parametrize("settings", [None, Cors()], ids=["noCORS", "emptyCORS"])
    async def test_it_is_off_unless_origins_are_allowed(self, serve, settings):
        bridge = await serve(door=Door(cors=settings))
        reply = await preflight(bridge)
        assert (reply.status, ALLOWED in reply.headers) == (403, False)

    async def test_origin_cors(self, serve):
        bridge = await serve(door=cors())
        reply = await preflight(bridge)
        assert (reply.status, reply.body) == (204, b"")
        assert reply.headers[ALLOWED] == PAGE
        assert reply.headers["Access-Control-Allow-Credentials"] == "true"
        assert reply.headers["Access-Control-Allow-Methods"] == "POST"
        assert "Access-Control-Max-Age" not in reply.headers
        assert "Origin" in reply.headers["Vary"]

    async def test_a_star_inside_an_origin_stands_for_anything(self, serve):
        bridge = await serve(door=cors())
        assert (await preflight(bridge, "https://a.b.example.org")).headers[ALLOWED] == (
            "https://a.b.example.org"
        )
        assert ALLOWED not in (await preflight(bridge, "https://example.org")).headers

    async def test_a_star_alone_is_never_echoed(self, serve):
        bridge = await serve(door=cors(allowed_origins=("*",)))
        assert (await preflight(bridge)).headers[ALLOWED] == PAGE

    async def test_cacheable_cors(self, serve):
        bridge = await serve(door=cors(max_age=5))
        assert (await preflight(bridge)).headers["Access-Control-Max-Age"] == "5"

    @pytest.mark.parametrize(
        ("wanted", "allowed"),
        [
            ("content-type", True),
            ("Content-Type, authorization", True),
            ("authorization, x-other", False),
        ],
        ids=["always allowed", "extra", "disallowed"],
    )
    async def test_header_cors(self, serve, wanted, allowed):
        bridge = await serve(door=cors(allowed_headers=("Authorization",)))
        reply = await preflight(bridge, headers=wanted)
        assert (reply.status, ALLOWED in reply.headers) == (204, allowed)
        if allowed:
            assert reply.headers["Access-Control-Allow-Headers"] == wanted.lower()

    async def test_all_headers_may_be_allowed(self, serve):
        bridge = await serve(door=cors(allowed_headers=("*",)))
        assert ALLOWED in (await preflight(bridge, headers="traceparent")).headers

    @pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.evil", "null"])
    async def test_a_foreign_origin_gets_a_preflight_without_permission(self, serve, origin):
        bridge = await serve(door=cors())
        reply = await preflight(bridge, origin)
        assert (reply.status, ALLOWED in reply.headers) == (204, False)

    async def test_a_method_that_nothing_here_takes_is_not_allowed(self, serve):
        reply = await preflight(await serve(door=cors()), method="DELETE")
        assert (reply.status, ALLOWED in reply.headers) == (204, False)


async def test_http_cors_invalid_settings(serve):
    """TestHTTPCorsInvalidSettings: headers without origins allow nothing."""
    bridge = await serve(door=Door(cors=Cors(allowed_headers=("authorization",))))
    assert ALLOWED not in (await preflight(bridge)).headers


class TestHTTPCorsWithSettings:
    async def test_a_preflight_is_answered_before_anybody_is_asked_for_a_key(self, serve):
        bridge = await serve(door=keyed(cors=Cors(allowed_origins=(PAGE,))))
        reply = await preflight(bridge)
        assert (reply.status, reply.headers[ALLOWED]) == (204, PAGE)

    async def test_a_page_can_read_that_it_needs_a_key(self, serve):
        bridge = await serve(door=keyed(cors=Cors(allowed_origins=(PAGE,))))
        reply = await bridge.send(as_json(), JSON, headers={"Origin": PAGE})
        assert (reply.status, reply.headers[ALLOWED]) == (401, PAGE)

    async def test_the_page_sends_with_a_key(self, serve):
        bridge = await serve(door=keyed(cors=Cors(allowed_origins=(PAGE,))))
        reply = await bridge.send(as_json(), JSON, headers=BEARER | {"Origin": PAGE})
        assert (reply.status, reply.headers[ALLOWED]) == (200, PAGE)


async def test_http_cors_exposed_headers(serve):
    """TestHTTPCorsExposedHeaders."""
    bridge = await serve(door=cors(exposed_headers=("X-One", "X-Two")))
    reply = await bridge.send(as_json(), JSON, headers={"Origin": PAGE})
    assert reply.headers["Access-Control-Expose-Headers"] == "X-One, X-Two"
    assert "Access-Control-Expose-Headers" not in (await preflight(bridge)).headers


async def test_an_allowed_origin_is_not_foreign_on_loopback_and_others_stay_so(serve):
    bridge = await serve(door=cors())
    for origin, status in ((PAGE, 200), ("https://x.example.org", 200), ("https://evil.example", 403)):
        assert (await bridge.send(as_json(), JSON, headers={"Origin": origin})).status == status


async def test_a_wrong_method_names_options_where_pages_may_ask(serve):
    bridge = await serve(door=cors())
    reply = await bridge.send(None, None, method="GET")
    assert (reply.status, reply.headers["Allow"]) == (405, "POST, OPTIONS")
