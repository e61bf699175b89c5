"""Every endpoint of Weave's API, in one table."""

from __future__ import annotations

from functools import partial
from typing import Final

from otel_bridge.api import annex_bodies as bodies
from otel_bridge.api import annex_queries as ask
from otel_bridge.api import annex_reads as annex
from otel_bridge.api import bridge, queries, reads, session, statistics
from otel_bridge.api.answers import JSON
from otel_bridge.api.stream import line_type
from otel_bridge.api.typed import get, post, stream, write
from otel_bridge.weave.checked import checked

MOUNTS: Final = ("", "/traces")
"""Clients that know only `WANDB_BASE_URL` ask below `/traces` (`contract/weave-api.md` §0.5)."""

PROTOBUF: Final = "application/x-protobuf"
_V2: Final = "/v2/{entity}/{project}"

ROUTES: Final = (
    write("/call/upsert_batch", "/call/upsert_batch"),
    write("/call/start", "/call/start"),
    write("/call/end", "/call/end"),
    write("/call/update", "/call/update"),
    write("/calls/delete", "/calls/delete"),
    write(f"{_V2}/calls/complete", "/v2/calls/complete"),
    write(f"{_V2}/call/start", "/v2/call/start"),
    write(f"{_V2}/call/end", "/v2/call/end"),
    stream("/calls/stream_query", queries.calls_query, reads.stream_query, content_type=line_type),
    stream("/calls/query", queries.calls_query, reads.calls_query, content_type=lambda _accept: JSON),
    stream("/calls/spans", queries.calls_query, reads.spans, content_type=lambda _accept: PROTOBUF),
    post("/calls/query_stats", queries.calls_count, reads.query_stats),
    post("/calls/stats", statistics.asked, statistics.calls_stats),
    post("/call/read", queries.one_call, reads.call_read),
    write("/feedback/create", "/feedback/create"),
    write("/feedback/batch/create", "/feedback/batch/create"),
    write("/feedback/replace", "/feedback/replace"),
    write("/feedback/purge", "/feedback/purge"),
    post("/feedback/query", ask.feedback, annex.answer),
    write("/cost/create", "/cost/create"),
    write("/cost/purge", "/cost/purge"),
    post("/cost/query", ask.prices, annex.answer),
    write("/obj/create", "/obj/create"),
    write("/obj/delete", "/obj/delete"),
    post("/obj/read", ask.an_object, annex.answer),
    post("/objs/query", ask.objects, annex.answer),
    write("/file/create", "/file/create"),
    write("/files/create", "/file/create"),
    post("/file/content", ask.a_file, annex.answer, content_type=lambda _accept: annex.OCTETS),
    post("/files/content", ask.a_file, annex.answer, content_type=lambda _accept: annex.OCTETS),
    write("/table/create", "/table/create"),
    write("/table/create_from_digests", "/table/create_from_digests"),
    write("/table/update", "/table/update"),
    post("/table/query", ask.a_table, annex.answer),
    post("/table/query_stats", ask.table_stats, annex.answer),
    post("/table/query_stats_batch", ask.tables_stats, annex.answer),
    post("/refs/read_batch", ask.refs, annex.answer),
    post("/threads/stream_query", ask.threads, annex.answer, content_type=line_type),
    post("/trace/usage", ask.trace_usage, annex.answer),
    post("/calls/usage", ask.calls_usage, annex.answer),
    post("/project/stats", partial(checked, bodies.ProjectStatsReq), annex.project_stats),
    post("/service/projects_info", partial(checked, bodies.ProjectsInfoReq), annex.projects_info),
    get("/server_info", session.server_info),
    get("/health", session.health),
    post("/graphql", partial(checked, session.GraphqlReq), session.graphql),
)

QUEUED: Final = frozenset(
    {
        "/call/upsert_batch",
        "/call/start",
        "/call/end",
        "/call/update",
        "/calls/delete",
        f"{_V2}/calls/complete",
        f"{_V2}/call/start",
        f"{_V2}/call/end",
    }
)
"""What changes calls: a sidecar takes it into its queue."""

QUEUED_ROUTES: Final = tuple(route for route in ROUTES if route.path in {*QUEUED, "/graphql"})
"""What a sidecar answers itself. GraphQL too: `weave.init` asks it, and trace servers do not have it."""

OWN_ROUTES: Final = (post("/bridge/retranslate", bridge.retranslation, bridge.retranslate),)
"""What Weave does not have: at the root only."""
