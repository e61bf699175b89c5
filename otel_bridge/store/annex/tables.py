"""Tells about tables and their rows (`contract/weave-api.md` §5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from otel_bridge.errors import NotFound
from otel_bridge.model.annex import Row
from otel_bridge.query.annex_fields import ROW, row_field
from otel_bridge.query.ordering import in_order, key_values, plain_keys
from otel_bridge.store.annex.listing import SeenRow
from otel_bridge.store.annex.room import Room

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otel_bridge.model.questions import AskTable, AskTables
    from otel_bridge.store.annex.base import AnnexRows


def rows(annex: AnnexRows, question: AskTable) -> bytes:
    """Answer `/table/query`; a table that nobody knows has no rows."""
    project_id, digest, offset = question.project_id, question.digest, question.offset
    if question.row_digests is None and not question.sort_by:
        page = annex.table_rows(project_id, digest, offset=offset, limit=question.limit)
        return _rendered(enumerate(page, offset))
    places = _ordered(annex, question) if question.sort_by else _named(annex, question)
    end = None if question.limit is None else offset + question.limit
    wanted = places[offset:end]
    values = annex.rows(project_id, [one for _, one in wanted])
    return _rendered((place, Row(one, values[one])) for place, one in wanted)


def stats(annex: AnnexRows, question: AskTables) -> bytes:
    """Answer `/table/query_stats` and `/table/query_stats_batch`; unknown tables are left out of a batch."""
    project_id = question.project_id
    counts = {digest: annex.table_count(project_id, digest) for digest in question.digests}
    if question.single:
        (digest,) = question.digests
        count = counts[digest]
        if count is None:
            raise NotFound(f"table {digest} is not known")
        return orjson.dumps({"count": count})
    tables: list[dict[str, Any]] = [
        {
            "digest": digest,
            "count": count,
            "storage_size_bytes": _size(annex, project_id, digest) if question.include_storage_size else None,
        }
        for digest, count in counts.items()
        if count is not None
    ]
    return orjson.dumps({"tables": tables})


def _named(annex: AnnexRows, question: AskTable) -> list[tuple[int, str]]:
    """Return the places and digests of the rows that are asked for, in the order of the table."""
    wanted = set(question.row_digests or ())
    digests = annex.table_digests(question.project_id, question.digest) or ()
    return [(place, one) for place, one in enumerate(digests) if one in wanted]


def _ordered(annex: AnnexRows, question: AskTable) -> list[tuple[int, str]]:
    """Return the same by the sort keys, without holding a value."""
    keys = plain_keys(question.sort_by, row_field)
    values = key_values(keys)
    wanted = None if question.row_digests is None else set(question.row_digests)
    found = annex.table_rows(question.project_id, question.digest, offset=0, limit=None)
    ranked = [
        (values(SeenRow({ROW: orjson.loads(row.val)})), (place, row.digest))
        for place, row in enumerate(found)
        if wanted is None or row.digest in wanted
    ]
    return in_order(keys, ranked)


def _size(annex: AnnexRows, project_id: str, digest: str) -> int:
    return sum(len(row.val) for row in annex.table_rows(project_id, digest, offset=0, limit=None))


def _rendered(found: Iterable[tuple[int, Row]]) -> bytes:
    room, shown = Room(), []
    for place, row in found:
        room.take(len(row.val))
        shown.append({"digest": row.digest, "val": orjson.Fragment(row.val), "original_index": place})
    return orjson.dumps({"rows": shown})
