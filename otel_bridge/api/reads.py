"""The endpoints that read calls, as typed functions."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

import orjson
from msgspec.structs import replace

from otel_bridge.api.stream import as_array, pages
from otel_bridge.model.questions import AskTotalSize

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from otel_bridge.api.parts import Parts
    from otel_bridge.model.query import CallsQuery


def stream_query(parts: Parts, query: CallsQuery) -> AsyncGenerator[bytes]:
    """Give the calls of a query as JSON lines."""
    return pages(parts.calls, query)


def calls_query(parts: Parts, query: CallsQuery) -> AsyncGenerator[bytes]:
    """Give the calls of a query in one object, `{"calls": [...]}`."""
    return as_array(pages(parts.calls, query), member=b"calls")


def spans(parts: Parts, query: CallsQuery) -> AsyncGenerator[bytes]:
    """Give the stored spans of the calls of a query, byte for byte: together one `TracesData` message."""
    return pages(parts.calls, query, lambda query, seqs: parts.calls.spans(query.project_id, seqs))


async def query_stats(parts: Parts, query: CallsQuery) -> bytes:
    """Count the calls of a filter, up to `limit`, and tell whether there are more than that."""
    if query.limit is None:
        count, more = await parts.calls.count(query), False
    else:
        found = await parts.calls.count(replace(query, limit=query.limit + 1))
        count, more = min(found, query.limit), found > query.limit
    size = b"null"
    if query.include_total_storage_size:
        size = await parts.calls.answer(AskTotalSize(query=query))
    answer = {"count": count, "has_more": more, "total_storage_size_bytes": orjson.Fragment(size)}
    return orjson.dumps(answer)


async def call_read(parts: Parts, query: CallsQuery) -> bytes:
    """Give one call, or null when there is none of that id."""
    async with aclosing(pages(parts.calls, query)) as found:
        line = await anext(found, b"null")
    return b'{"call":%b}' % line.rstrip(b"\n")
