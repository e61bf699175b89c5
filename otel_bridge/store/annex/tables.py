"""Tells about tables and their rows (`contract/weave-api.md` §5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from otel_bridge.errors import NotFound
from otel_bridge.model.annex import Row
from otel_bridge.query.annex_fields import ROW, row_field
from otel_bridge.query.ordering import in_order, key_values, plain_keys
from otel_bridge.store.annex.listing import SeenRow

if TYPE_CHECKING:
    from otel_bridge.model.questions import AskTable, AskTables
    from otel_bridge.store.annex.base import AnnexRows


def rows(annex: AnnexRows, question: AskTable) -> bytes:
    """Answer `/table/query`; a table that nobody knows has no rows."""
    project_id, digest = question.project_id, question.digest
    if question.row_digests is None and not question.sort_by:
        page = annex.table_rows(project_id, digest, offset=question.offset, limit=question.limit)
        return _rendered(list(enumerate(page, question.offset)))
    found = _narrowed(annex, question)
    if question.sort_by:
        keys = plain_keys(question.sort_by, row_field)
        values = key_values(keys)
        seen = [(SeenRow({ROW: orjson.loads(row.val)}), (place, row)) for place, row in found]
        found = in_order(keys, [(values(one), whose) for one, whose in seen])
    end = None if question.limit is None else question.offset + question.limit
    return _rendered(found[question.offset : end])


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


def _narrowed(annex: AnnexRows, question: AskTable) -> list[tuple[int, Row]]:
    """Return the rows that are asked for with their places, in the order of the table."""
    project_id, digest = question.project_id, question.digest
    if question.row_digests is None:
        return list(enumerate(annex.table_rows(project_id, digest, offset=0, limit=None)))
    wanted = set(question.row_digests)
    places = [
        (place, one)
        for place, one in enumerate(annex.table_digests(project_id, digest) or ())
        if one in wanted
    ]
    values = annex.rows(project_id, [one for _, one in places])
    return [(place, Row(one, values[one])) for place, one in places]


def _size(annex: AnnexRows, project_id: str, digest: str) -> int:
    return sum(len(row.val) for row in annex.table_rows(project_id, digest, offset=0, limit=None))


def _rendered(found: list[tuple[int, Row]]) -> bytes:
    shown = [
        {"digest": row.digest, "val": orjson.Fragment(row.val), "original_index": place}
        for place, row in found
    ]
    return orjson.dumps({"rows": shown})
