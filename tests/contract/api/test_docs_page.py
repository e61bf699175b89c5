"""The page at `/docs`: complete without a script, and without anything from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib.resources import files

import orjson
import pytest

from otel_bridge.api.openapi.page import page

STATIC = files("otel_bridge.api.openapi") / "static"
MAX_LINES = 300


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.found if name in attributes]


@pytest.fixture
async def shown(api) -> Elements:
    return Elements((await api.get("/docs")).body.decode())


@pytest.fixture
async def document(api) -> dict:
    return (await api.get("/openapi.json")).json


async def test_it_shows_every_operation_with_its_answers_and_a_command(shown, document):
    anchors = shown.values("id")
    for path, item in document["paths"].items():
        for method in item.keys() - {"servers"}:
            assert item[method]["operationId"] in anchors
            assert path in shown.text
            assert item[method]["summary"] in shown.text
    assert shown.text.count("curl -s http://127.0.0.1:6345/") == sum(
        len(item.keys() - {"servers"}) for item in document["paths"].values()
    )


async def test_it_shows_every_schema_and_member(shown, document):
    anchors = shown.values("id")
    for name, schema in document["components"]["schemas"].items():
        assert f"schema-{name}" in anchors
        for member in schema.get("properties", ()):
            assert member in shown.text


async def test_every_link_leads_somewhere(shown, api):
    anchors = shown.values("id")
    assert len(set(anchors)) == len(anchors)
    for link in {*shown.values("href"), *shown.values("src")} - {"data:,"}:
        if link.startswith("#"):
            assert link[1:] in anchors
        else:
            assert (await api.get(link)).status == 200, link


async def test_nothing_comes_from_elsewhere_and_nothing_is_inline(shown, api):
    reply = await api.get("/docs")
    policy = reply.headers["Content-Security-Policy"]

    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert all(
        link.startswith(("/", "#", "data:,")) for link in [*shown.values("href"), *shown.values("src")]
    )
    names = {name for _, attributes in shown.found for name in attributes}
    assert not {name for name in names if name == "style" or name.startswith("on")}
    assert [attributes.get("src") for tag, attributes in shown.found if tag in {"script", "style"}] == [
        "/docs/page.js"
    ]


@pytest.mark.parametrize(("name", "kind"), [("page.css", "text/css"), ("page.js", "text/javascript")])
async def test_its_files_are_ours_and_name_no_other_place(api, name, kind):
    reply = await api.get(f"/docs/{name}")
    text = reply.body.decode()

    assert reply.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert text == (STATIC / name).read_text()
    assert set(re.findall(r"https?://[\w.:]+", text)) <= {"http://127.0.0.1:6345"}
    assert len(text.splitlines()) <= MAX_LINES


async def test_it_has_a_dark_and_a_light_face_and_fits_a_phone(shown):
    style = (STATIC / "page.css").read_text()

    assert "color-scheme: light dark;" in style
    assert "@media (prefers-color-scheme: dark)" in style
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in [
        attributes for tag, attributes in shown.found if tag == "meta"
    ]


def test_what_a_document_says_is_text_on_the_page():
    hostile = "<script>alert(1)</script>"
    operation = {
        "operationId": "one",
        "tags": ["T"],
        "summary": hostile,
        "description": hostile,
        "responses": {"200": {"description": hostile}},
    }
    document = {
        "info": {"title": hostile, "version": "1", "description": hostile},
        "servers": [{"url": "/"}],
        "tags": [{"name": "T"}],
        "paths": {"/one": {"get": operation}},
        "components": {
            "schemas": {"S": {"description": hostile, "properties": {hostile: {"type": "string"}}}}
        },
    }
    text = page(orjson.dumps(document)).decode()
    assert hostile not in text
    assert text.count("&lt;script&gt;") == 8
