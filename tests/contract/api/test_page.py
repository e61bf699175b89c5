"""The page at `/`: served as it must be for nothing else to run in it."""

from __future__ import annotations

import gzip
import re

import pytest

from otel_bridge.page.assets import read_page
from otel_bridge.page.serving import page_routes


@pytest.fixture
def page():
    return read_page("some/project")


@pytest.fixture
async def api(serve, page):
    return await serve(own_routes=page_routes(page))


PLAIN = {"Accept-Encoding": "identity"}


def policy_of(reply) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in reply.headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in parts}


async def test_a_browser_that_opens_the_address_of_the_api_gets_the_page(api):
    reply = await api.get("/", PLAIN)

    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"some/project" in reply.body


async def test_the_page_may_load_from_nowhere_else_and_run_nothing_inline(api):
    policy = policy_of(await api.get("/", PLAIN))

    assert policy["default-src"] == "'none'"
    assert {policy[kind] for kind in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert policy["img-src"] == "'self' data: blob:"
    assert {policy[kind] for kind in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert policy["require-trusted-types-for"] == "'script'"
    assert not any("unsafe" in value or "http" in value for value in policy.values())


async def test_every_file_comes_with_the_policy_and_its_type_only(api, page):
    for path in ("/", *(f"/page/{page.version}/{name}" for name in page.assets)):
        reply = await api.get(path, PLAIN)

        assert reply.status == 200
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert policy_of(reply)["default-src"] == "'none'"


async def test_the_index_is_asked_for_each_time_and_sent_when_it_has_changed(api):
    first = await api.get("/", PLAIN)
    again = await api.get("/", {**PLAIN, "If-None-Match": first.headers["ETag"]})

    assert first.headers["Cache-Control"] == "no-cache"
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert (await api.get("/", {**PLAIN, "If-None-Match": '"other"'})).status == 200
    assert (await api.get("/", {**PLAIN, "If-None-Match": "*"})).status == 304


async def test_files_are_kept_by_the_browser_because_their_path_changes_with_them(api, page):
    reply = await api.get(f"/page/{page.version}/main.js", PLAIN)

    assert reply.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "immutable" in reply.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/page/{version}/none.js", "/page/0000/main.js", "/page/{version}/../main.js"]
)
async def test_what_is_not_of_this_version_is_not_found(api, page, path):
    assert (await api.get(path.format(version=page.version))).status == 404


async def test_a_browser_that_takes_gzip_gets_gzip(api):
    plain = await api.get("/", PLAIN)
    packed = await api.get("/", {"Accept-Encoding": "br;q=1.0, gzip;q=0.8"})
    refused = await api.get("/", {"Accept-Encoding": "gzip;q=0"})

    assert packed.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert len(packed.body) > 0
    assert "Content-Encoding" not in refused.headers
    assert refused.body == plain.body


def test_what_is_packed_is_what_is_plain(page):
    for asset in (page.index, *page.assets.values()):
        assert gzip.decompress(asset.packed) == asset.body


async def test_head_tells_the_same_without_a_body(api):
    reply = await api.send("HEAD", "/", headers=PLAIN)

    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.headers["Content-Length"]) > 0


async def test_other_methods_are_refused_as_everywhere(api):
    assert (await api.post("/", {})).status == 405


async def test_the_api_answers_beside_it(api):
    assert (await api.get("/health")).json == {"status": "ok"}
    assert (await api.get("/server_info")).status == 200


async def test_the_version_is_part_of_every_address_in_the_index(api, page):
    index = (await api.get("/", PLAIN)).body.decode()
    paths = re.findall(r'(?:href|src)="([^"]+)"', index)

    assert paths
    assert all(path.startswith(f"page/{page.version}/") for path in paths)
