"""Every endpoint of Weave's API, in one table.

Rows of a subject stand in an order in which their examples work, one after the other.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from otel_bridge.api import annex_bodies as bodies
from otel_bridge.api import annex_queries as ask
from otel_bridge.api import annex_reads as annex
from otel_bridge.api import bridge, described, queries, reads, session, statistics
from otel_bridge.api.annex_routes import ANNEX_ROUTES
from otel_bridge.api.scoring.routes import SCORE_ROUTES, WORKER_ROUTES
from otel_bridge.api.stream import JSONL, line_type
from otel_bridge.api.typed import get, post, stream, write
from otel_bridge.auth.principal import Need
from otel_bridge.http.route import JSON, About, Route
from otel_bridge.weave.checked import checked

MOUNTS: Final = ("", "/traces")
"""Clients that know only `WANDB_BASE_URL` ask below `/traces` (`contract/weave-api.md` §0.5)."""

PROTOBUF: Final = "application/x-protobuf"
_V2: Final = "/v2/{entity}/{project}"
CALLS: Final = "Calls"
THREADS: Final = "Threads and usage"
SERVER: Final = "Server"
BRIDGE: Final = "Bridge"

ROUTES: Final = (
    write(
        "/call/upsert_batch",
        "/call/upsert_batch",
        About(
            CALLS,
            "Write call starts and ends",
            "CallCreateBatchReq",
            "CallCreateBatchRes",
            more=(
                "Starts and ends may come in any order and any number of times."
                " One item that cannot be kept refuses the whole batch."
            ),
        ),
    ),
    write(
        "/call/start",
        "/call/start",
        About(CALLS, "Write the start of a call", "CallStartReq", "CallStartRes"),
    ),
    write(
        "/call/end",
        "/call/end",
        About(
            CALLS,
            "Write the end of a call",
            "CallEndReq",
            "Empty",
            more="An end whose start has not come yet is kept, and shown once it comes.",
        ),
    ),
    write(
        f"{_V2}/calls/complete",
        "/v2/calls/complete",
        About(CALLS, "Write whole calls", "CallsCompleteReq", "Empty"),
    ),
    write(
        f"{_V2}/call/start",
        "/v2/call/start",
        About(CALLS, "Write the start of a call", "CallStartReq", "CallStartRes"),
    ),
    write(
        f"{_V2}/call/end",
        "/v2/call/end",
        About(
            CALLS,
            "Write the end of a call",
            "CallEndReq",
            "Empty",
            more="An end whose start has not come yet is kept, and shown once it comes.",
        ),
    ),
    write("/call/update", "/call/update", About(CALLS, "Rename a call", "CallUpdateReq", "Empty")),
    stream(
        "/calls/stream_query",
        queries.calls_query,
        reads.stream_query,
        About(
            CALLS,
            "Query calls as JSON lines",
            "CallsQueryReq",
            "CallSchema",
            more=(
                "One call a line. A failure after the first line resets the connection, so an answer that"
                " ends in order is whole. `Accept` may name another type of JSON lines."
            ),
            gives=(JSONL,),
        ),
        content_type=line_type,
    ),
    stream(
        "/calls/query",
        queries.calls_query,
        reads.calls_query,
        About(CALLS, "Query calls as one object", "CallsQueryReq", "CallsQueryRes"),
        content_type=lambda _accept: JSON,
    ),
    stream(
        "/calls/spans",
        queries.calls_query,
        reads.spans,
        About(
            CALLS,
            "Query the stored spans of calls",
            "CallsQueryReq",
            more="Byte for byte as they came: one message `opentelemetry.proto.trace.v1.TracesData`.",
            gives=(PROTOBUF,),
        ),
        content_type=lambda _accept: PROTOBUF,
    ),
    post(
        "/calls/query_stats",
        queries.calls_count,
        reads.query_stats,
        About(CALLS, "Count calls", "CallsQueryStatsReq", "CallsQueryStatsRes"),
    ),
    post(
        "/calls/stats",
        statistics.asked,
        statistics.calls_stats,
        About(
            CALLS,
            "Bucketed call statistics",
            "CallStatsReq",
            "CallStatsRes",
            more="Percentiles are exact, days are those of the time zone, costs at the prices of each call.",
        ),
    ),
    post(
        "/call/read",
        queries.one_call,
        reads.call_read,
        About(
            CALLS,
            "Read one call",
            "CallReadReq",
            "CallReadRes",
            more="`call` is null when there is none of that id.",
        ),
    ),
    write(
        "/calls/delete",
        "/calls/delete",
        About(
            CALLS,
            "Delete calls with their descendants",
            "CallsDeleteReq",
            "CallsDeleteRes",
            more="At most 1,000 ids; a deleted id stays deleted.",
        ),
    ),
    post(
        "/threads/stream_query",
        ask.threads,
        annex.answer,
        About(THREADS, "Query threads as JSON lines", "ThreadsQueryReq", "ThreadSchema", gives=(JSONL,)),
        content_type=line_type,
    ),
    post(
        "/trace/usage",
        ask.trace_usage,
        annex.answer,
        About(THREADS, "Usage of calls, each with all below it", "TraceUsageReq", "UsageRes"),
    ),
    post(
        "/calls/usage",
        ask.calls_usage,
        annex.answer,
        About(THREADS, "Usage of calls by their ids", "CallsUsageReq", "UsageRes"),
    ),
    post(
        "/project/stats",
        partial(checked, bodies.ProjectStatsReq),
        annex.project_stats,
        About(THREADS, "Bytes that a project keeps", "ProjectStatsReq", "ProjectStatsRes"),
    ),
    *SCORE_ROUTES,
    *ANNEX_ROUTES,
    get("/server_info", session.server_info, About(SERVER, "Which server this is", None, "ServerInfoRes")),
    get("/health", session.health, About(SERVER, "Whether the server answers", None, "HealthRes")),
    post(
        "/graphql",
        partial(checked, session.GraphqlReq),
        session.graphql,
        About(SERVER, "The GraphQL documents of `weave.init`", "GraphqlReq", "GraphqlRes"),
        needs=Need.KEY,
    ),
    post(
        "/service/projects_info",
        partial(checked, bodies.ProjectsInfoReq),
        annex.projects_info,
        About(
            SERVER,
            "What stands for projects inside refs",
            "ProjectsInfoReq",
            "ProjectsInfoRes",
            more="Without `project_ids`: of all projects that have calls, 1,000 at most.",
        ),
    ),
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

ANSWERED_HERE: Final = QUEUED | {"/graphql"}
"""What a sidecar answers itself. GraphQL too: `weave.init` asks it, and trace servers do not have it."""

RETRANSLATE: Final = "/bridge/retranslate"
ERASE: Final = "/bridge/erase"
BACKUP: Final = "/bridge/backup"
OF_THE_STORE: Final = frozenset({RETRANSLATE, *(route.path for route in WORKER_ROUTES)})
"""Routes of our own that only a bridge with a store has."""
DESCRIPTION: Final = "/openapi.json"

OWN_ROUTES: Final = (
    *WORKER_ROUTES,
    post(
        RETRANSLATE,
        bridge.retranslation,
        bridge.retranslate,
        About(
            BRIDGE,
            "Translate stored spans again, one step",
            "RetranslateReq",
            "RetranslateRes",
            more="Call it again with the `cursor` of the answer until that is null.",
        ),
        needs=Need.ADMIN,
    ),
    post(
        ERASE,
        bridge.erasure,
        bridge.erase,
        About(
            BRIDGE,
            "Erase calls for good, one step",
            "EraseReq",
            "EraseRes",
            more="Call it again with the `cursor` of the answer until that is null: then nothing of them is"
            " left on the disk. `dry_run` only counts.",
        ),
        needs=Need.ADMIN,
    ),
    post(
        BACKUP,
        bridge.backup,
        bridge.back_up,
        About(
            BRIDGE,
            "Copy everything that is kept, one step",
            "BackupReq",
            "BackupRes",
            more="For `otel-bridge backup`, which makes a backup of the copies: call it again with the same"
            " body until `finished`. The directory must be one of the bridge's machine, and hold a file"
            " `ticket` with the content that is sent.",
        ),
        needs=Need.ADMIN,
    ),
    Route("GET", DESCRIPTION, described.openapi, About(BRIDGE, "This description", None, "OpenApiDocument")),
    Route(
        "GET",
        "/docs",
        described.page,
        About(BRIDGE, "This description as a page for people", gives=("text/html",)),
        also=("/docs/",),
    ),
    Route(
        "GET", "/docs/page.css", described.style, About(BRIDGE, "The style of that page", gives=("text/css",))
    ),
    Route(
        "GET",
        "/docs/page.js",
        described.script,
        About(BRIDGE, "The script of that page", gives=("text/javascript",)),
    ),
)
"""What Weave does not have: at the root only."""
