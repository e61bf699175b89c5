"""`GET /openapi.json` says what the routes are, no more and no less."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from otel_bridge import __version__
from otel_bridge.api.app import api_app
from otel_bridge.api.described import DESCRIBED
from otel_bridge.api.openapi.examples import EXAMPLES
from otel_bridge.api.routes import MOUNTS
from otel_bridge.api.telling import telling_routes
from otel_bridge.http.budget import ByteBudget
from otel_bridge.http.inflate import open_inflater
from otel_bridge.page.assets import read_page
from otel_bridge.page.serving import page_routes
from otel_bridge.receiver.http import OtlpHttp
from otel_bridge.receiver.intake import open_intake
from otel_bridge.receiver.settings import ReceiverSettings
from otel_bridge.store.memory import MemoryStore
from otel_bridge.telemetry import Telemetry
from otel_bridge.testing import RecordingConsume
from tests.contract.api.calls import InProcessCalls
from tests.contract.api.schemas import Comparison

PUBLISHED = orjson.loads(
    (Path(__file__).parents[2] / "fixtures" / "weave" / "openapi-subset.json").read_bytes()
)
PAGE = read_page("local/default")
OWN_WORDS = {"wb_user_id": "there are no users here, so it is kept"}
"""Members that are described otherwise than published, because they are treated otherwise."""


@pytest.fixture(params=[False, True], ids=["traces", "traces and logs"])
async def app(request):
    """The application as the service makes it."""
    consume, settings = RecordingConsume(), ReceiverSettings(logs=request.param)
    async with open_inflater() as inflater, open_intake(consume, Telemetry(), settings) as intake:
        yield api_app(
            InProcessCalls(MemoryStore()),
            Telemetry(),
            inflater=inflater,
            budget=ByteBudget(1 << 20),
            health=lambda: (True, {}),
            extra_routes=OtlpHttp(intake).routes(),
            own_routes=[*page_routes(PAGE), *telling_routes(_nothing, _nothing)],
        )


async def _nothing(*_: object) -> bytes:
    return b"{}"


@pytest.fixture
async def document(app) -> dict:
    return orjson.loads(await app[DESCRIBED].openapi())


def operations(document: dict):
    return [
        (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "servers"
    ]


def described(document: dict) -> set[tuple[str, str]]:
    """The methods and paths that the document speaks of, under every server of theirs."""
    found = set()
    for method, path, operation in operations(document):
        servers = document["paths"][path].get("servers", document["servers"])
        for server in servers:
            mount = server["url"].rstrip("/")
            found |= {(method.upper(), mount + one) for one in (path, *operation.get("x-also-at", ()))}
    return found


def routed(app) -> set[tuple[str, str]]:
    """The methods and paths that the application's router knows.

    OTLP paths take any method, and refuse all but POST; HEAD is a GET without its body (RFC 9110 §9.3.2).
    """
    return {
        ("POST" if route.method == "*" else route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.method != "HEAD"
    }


async def test_every_route_is_described_and_nothing_else(app, document):
    assert described(document) == routed(app)
    assert [server["url"].rstrip("/") for server in document["servers"]] == list(MOUNTS)


async def test_it_is_valid_openapi_3_1(document):
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == __version__
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


async def test_every_operation_has_an_id_of_its_own_a_tag_a_summary_and_an_example(document):
    found = operations(document)
    ids = [operation["operationId"] for _, _, operation in found]
    tags = {tag["name"] for tag in document["tags"]}

    assert len(set(ids)) == len(ids)
    for _, path, operation in found:
        assert operation["summary"], path
        assert set(operation["tags"]) <= tags, path
        for media, body in operation.get("requestBody", {}).get("content", {}).items():
            assert media == "application/x-protobuf" or "example" in body, path
    assert set(EXAMPLES) <= set(ids)


async def test_every_operation_says_how_it_refuses(document):
    for method, path, operation in operations(document):
        assert {"200", "403", "500"} <= operation["responses"].keys(), path
        if method == "post":
            assert {"400", "408", "413", "503"} <= operation["responses"].keys(), path
        assert ("404" in operation["responses"]) >= ("{" in path), path


def contents(document: dict, path: str) -> dict[str, dict]:
    """The schemas of what an endpoint takes and gives, by direction and media type."""
    operation = document["paths"][path]["post"]
    bodies = {"takes": operation["requestBody"], "gives": operation["responses"]["200"]}
    return {
        f"{way} {media}": body["schema"]
        for way, of in bodies.items()
        for media, body in of["content"].items()
    }


@pytest.mark.parametrize("path", sorted(PUBLISHED["paths"]))
async def test_bodies_and_answers_are_the_published_ones(document, path):
    ours, theirs = contents(document, path), contents(PUBLISHED, path)
    comparison = Comparison(document, PUBLISHED)

    assert ours.keys() == theirs.keys()
    for name, schema in theirs.items():
        comparison.compare(ours[name], schema, name)

    assert comparison.differences == []
    assert [at for at in comparison.descriptions if at.rpartition("/")[2] not in OWN_WORDS] == []


async def test_the_models_named_are_those_that_check_the_bodies(api):
    """An empty body lacks exactly what the schema requires."""
    document = (await api.get("/openapi.json")).json
    for method, path, operation in operations(document):
        if method == "get":
            continue
        (media, told), *_ = operation["requestBody"]["content"].items()
        schema = document["components"]["schemas"][told["schema"]["$ref"].rpartition("/")[2]]
        form = media == "multipart/form-data"
        body, kind = (b"--x--\r\n", f"{media}; boundary=x") if form else (b"{}", media)
        reply = await api.post(path.format(entity="acme", project="app"), body, {"Content-Type": kind})

        lacking = [error["loc"] for error in reply.json["detail"]] if reply.status == 422 else []
        assert sorted(lacking) == sorted(["body", name] for name in schema.get("required", ())), path


async def test_it_is_made_once_and_answered_as_json(api):
    first, second = await api.get("/openapi.json"), await api.get("/openapi.json")

    assert (first.status, first.headers["Content-Type"]) == (200, "application/json")
    assert first.body == second.body
    assert first.json["paths"]["/calls/stream_query"]["post"]["operationId"] == "calls_stream_query"


async def test_it_is_at_the_root_only(api):
    assert (await api.get("/traces/openapi.json")).status == 404
