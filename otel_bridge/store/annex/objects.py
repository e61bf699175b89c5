"""Tells about versions of objects (`contract/weave-api.md` §5.3)."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import orjson

from otel_bridge.errors import NotFound
from otel_bridge.query.values import iso
from otel_bridge.store.annex.room import Room
from otel_bridge.store.annex.versions import chosen, latest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.annex import Version
    from otel_bridge.model.questions import AskObject, AskObjects, ObjectsFilter
    from otel_bridge.store.annex.base import AnnexRows


def one(rows: AnnexRows, question: AskObject) -> bytes:
    """Answer `/obj/read`; raise NotFound, with the time of its deletion for a version that was deleted."""
    versions = [
        version
        for version in rows.versions(question.project_id, (question.object_id,))
        if question.is_op in {None, version.is_op}
    ]
    found = chosen(versions, question.digest)
    if found is None:
        raise NotFound(f"object {question.object_id}:{question.digest} is not known")
    if found.deleted_at is not None:
        text = f"object {question.object_id}:{question.digest} was deleted"
        raise NotFound(text, deleted_at=iso(found.deleted_at))
    (val,) = (None,) if question.metadata_only else rows.values((found,))
    return b'{"obj":%b}' % orjson.dumps(_shown(found, val, is_latest=_is_latest(versions, found)))


def listed(rows: AnnexRows, question: AskObjects) -> bytes:
    """Answer `/objs/query`, the oldest version first where no order is asked for."""
    asked = question.filter
    versions = rows.versions(question.project_id, asked.object_ids or None)
    newest = {
        id(newest)
        for _, group in groupby(versions, key=lambda v: (v.object_id, v.is_op))
        if (newest := latest(list(group))) is not None
    }
    found = [v for v in versions if _matches(v, asked, is_latest=id(v) in newest)]
    found.sort(key=lambda v: (v.created_at, v.object_id, v.number))
    for key in reversed(question.sort_by):
        found.sort(key=lambda v, name=key.field: getattr(v, name), reverse=key.direction == "desc")  # type: ignore[misc]
    end = None if question.limit is None else question.offset + question.limit
    page = found[question.offset : end]
    if not question.metadata_only:
        Room().take(sum(version.size for version in page))
    values = [None] * len(page) if question.metadata_only else rows.values(page)
    shown = [
        _shown(v, val, is_latest=id(v) in newest)
        | ({"size_bytes": v.size} if question.include_storage_size else {})
        for v, val in zip(page, values, strict=True)
    ]
    return orjson.dumps({"objs": shown})


def _is_latest(versions: Sequence[Version], one: Version) -> bool:
    return latest(v for v in versions if v.is_op == one.is_op) is one


def _matches(version: Version, asked: ObjectsFilter, *, is_latest: bool) -> bool:
    return (
        version.deleted_at is None
        and (not asked.latest_only or is_latest)
        and asked.is_op in {None, version.is_op}
        and (not asked.base_object_classes or version.base_class in asked.base_object_classes)
        and version.base_class not in (asked.exclude_base_object_classes or ())
        and (not asked.leaf_object_classes or version.leaf_class in asked.leaf_object_classes)
    )


def _shown(version: Version, val: bytes | None, *, is_latest: bool) -> dict[str, Any]:
    return {
        "project_id": version.project_id,
        "object_id": version.object_id,
        "created_at": iso(version.created_at),
        "deleted_at": None,
        "digest": version.digest,
        "version_index": version.number,
        "is_latest": int(is_latest),
        "kind": "op" if version.is_op else "object",
        "base_object_class": version.base_class,
        "leaf_object_class": version.leaf_class,
        "val": {} if val is None else orjson.Fragment(val),
        "wb_user_id": version.wb_user_id,
        "size_bytes": None,
        "tags": [],
        "aliases": [],
    }
