"""What an SDK, an orchestrator and Prometheus ask; where routes are found (weave-api.md §0.5, §5.2)."""

from __future__ import annotations

import orjson
import pytest
from aiohttp import web

from otel_bridge.api.answers import refuse
from otel_bridge.api.routes import ROUTES
from otel_bridge.http.guard import guard_for, guarded
from otel_bridge.http.route import About, Route
from tests.contract.api.bodies import PROJECT, a_batch, start_item
from tests.contract.api.client import Told

PROJECT_QUERY = (
    "query P($name: String!, $entityName: String!) {project(name: $name, entityName: $entityName) {name}}"
)
FORMS = ("/file/create", "/files/create")
VIEWER_QUERY = "query { viewer { username defaultEntity { name } } }"
UPSERT = "mutation U($name: String!) { upsertModel(input: {name: $name}) { model { name description } } }"


@pytest.mark.parametrize("mount", ["", "/traces"])
class TestBothMounts:
    async def test_server_info_turns_no_client_away(self, api, mount):
        reply = await api.get(f"{mount}/server_info")

        assert (reply.status, reply.json) == (
            200,
            {"min_required_weave_python_version": "0.0.1", "trace_server_version": "0.54.0"},
        )

    async def test_health(self, api, mount):
        assert (await api.get(f"{mount}/health")).json == {"status": "ok"}

    @pytest.mark.parametrize("route", [r for r in ROUTES if r.method == "POST"], ids=lambda r: r.path)
    async def test_every_route_reads_a_body(self, api, mount, route):
        path = mount + route.path.format(entity="acme", project="app")
        reply = await api.post(path, b"{")

        assert reply.status == 422
        assert reply.json["detail"][0]["type"] == ("missing" if path.endswith(FORMS) else "json_invalid")

    async def test_what_is_written_below_one_mount_is_read_below_the_other(self, api, mount):
        await api.post(f"{mount}/call/upsert_batch", a_batch(start_item(1)))

        for other in ("", "/traces"):
            assert len((await api.post(f"{other}/calls/stream_query", {"project_id": PROJECT})).lines) == 1

    async def test_graphql_knows_every_project(self, api, mount):
        body = {"query": PROJECT_QUERY, "variables": {"name": "app", "entityName": "acme"}}

        assert (await api.post(f"{mount}/graphql", body)).json == {"data": {"project": {"name": "app"}}}


async def test_graphql_has_a_viewer_without_an_account(serve):
    api = await serve(default_entity="acme")

    assert (await api.post("/graphql", {"query": VIEWER_QUERY})).json == {
        "data": {"viewer": {"username": None, "defaultEntity": {"name": "acme"}}}
    }


async def test_graphql_creates_projects_by_name(api):
    reply = await api.post("/graphql", {"query": UPSERT, "variables": {"name": "app"}, "operationName": "U"})

    assert reply.json == {"data": {"upsertModel": {"model": {"name": "app", "description": None}}}}


@pytest.mark.parametrize(
    "query", ["query { serverInfo { frontendHost } }", "{ project { artifact { id } } }", "{ else }"]
)
async def test_graphql_refuses_other_documents_as_graphql_does(api, query):
    reply = await api.post("/graphql", {"query": query})

    assert reply.status == 200
    assert list(reply.json) == ["errors"]


class TestProbes:
    @pytest.mark.parametrize("path", ["/livez", "/healthz", "/readyz", "/startupz"])
    async def test_all_is_well(self, api, path):
        reply = await api.get(path)

        assert (reply.status, reply.json) == (200, {"status": "ok"})

    @pytest.mark.parametrize("path", ["/readyz", "/startupz"])
    async def test_what_is_not_ready_is_named(self, serve, path):
        api = await serve(health=Told(ok=False, started=False, writer="starting", reader="ok"))
        reply = await api.get(path)

        assert reply.status == 503
        assert reply.json == {"status": "unavailable", "parts": {"writer": "starting", "reader": "ok"}}

    async def test_it_lives_while_it_is_not_ready(self, serve):
        api = await serve(health=Told(ok=False, started=False))

        assert (await api.get("/livez")).status == 200

    async def test_it_has_started_even_when_it_is_not_ready_any_more(self, serve):
        api = await serve(health=Told(ok=False, writer="silent"))

        assert (await api.get("/startupz")).status == 200
        assert (await api.get("/readyz")).status == 503

    async def test_metrics_are_prometheus_text(self, api):
        api.telemetry.note("merged_calls", 3)
        reply = await api.get("/metrics")

        assert reply.headers["Content-Type"].startswith("text/plain; version=")
        assert b"otel_bridge_merged_calls_total 3.0\n" in reply.body


class TestWhatTheServiceAdds:
    async def test_further_routes_are_served(self, serve):
        async def answer(_request):
            return web.Response(text="spans")

        api = await serve(extra_routes=[Route("POST", "/v1/traces", answer, About("OTLP", "Export traces"))])

        assert (await api.post("/v1/traces", b"")).body == b"spans"

    async def test_a_body_over_aiohttps_own_limit_is_told_in_words_of_the_api(self, serve):
        async def answer(_request):
            raise web.HTTPRequestEntityTooLarge(max_size=1, actual_size=2)

        api = await serve(extra_routes=[Route("POST", "/v1/traces", answer, About("OTLP", "Export traces"))])
        reply = await api.post("/v1/traces", b"")

        assert (reply.status, reply.json) == (413, {"reason": "Request too large"})

    async def test_a_guard_refuses_foreign_pages_in_words_of_the_api(self, serve):
        guard = guard_for("127.0.0.1")
        api = await serve(middlewares=[guarded(guard, refuse)])
        body = a_batch(start_item(1))

        reply = await api.post("/call/upsert_batch", body, {"Origin": "https://evil.example"})
        assert reply.status == 403
        assert list(reply.json) == ["reason"]
        assert (await api.post("/call/upsert_batch", body)).status == 200


async def test_models_are_not_asked_for_programs(api):
    body = {"project_id": PROJECT, "inputs": {"model": "gpt-4o", "messages": []}}
    assert (await api.post("/completions/create", orjson.dumps(body))).status == 404
