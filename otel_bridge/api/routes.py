"""Every endpoint of Weave's API, in one table."""

from __future__ import annotations

from functools import partial
from typing import Final

from otel_bridge.api import bridge, queries, reads, session
from otel_bridge.api.answers import JSON
from otel_bridge.api.stream import line_type
from otel_bridge.api.typed import get, post, stream, write
from otel_bridge.weave.checked import checked

MOUNTS: Final = ("", "/traces")
"""Clients that know only `WANDB_BASE_URL` ask below `/traces` (`contract/weave-api.md` §0.5)."""

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
    post("/calls/query_stats", queries.calls_count, reads.query_stats),
    post("/call/read", queries.one_call, reads.call_read),
    get("/server_info", session.server_info),
    get("/health", session.health),
    post("/graphql", partial(checked, session.GraphqlReq), session.graphql),
)

OWN_ROUTES: Final = (post("/bridge/retranslate", bridge.retranslation, bridge.retranslate),)
"""What Weave does not have: at the root only."""
