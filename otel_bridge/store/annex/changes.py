"""Changes what is kept beside calls, by the rules of `annex.base`; the one engine behind every store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

import orjson
from msgspec.structs import replace

from otel_bridge.errors import InvalidRequest, NotFound
from otel_bridge.model import annex
from otel_bridge.store.annex.digests import table_digest
from otel_bridge.store.annex.versions import chosen, latest
from otel_bridge.store.base import Applied
from otel_bridge.store.scoring.watching import is_monitor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.annex import AnnexChange, Append, Insert, Pop
    from otel_bridge.store.annex.base import AnnexSlots


def apply_annex(slots: AnnexSlots, changes: Sequence[AnnexChange], *, received_at: int) -> Applied:
    """Apply the changes of one request; raise NotFound or InvalidRequest before anything is written.

    A change that is refused so must be alone in its request.
    """
    applied = Applied()
    for change in changes:
        done = _apply(slots, change, received_at)
        applied = Applied(
            created=applied.created + done.created,
            merged=applied.merged + done.merged,
            unchanged=applied.unchanged + done.unchanged,
            answer=done.answer or applied.answer,
        )
    return applied


def _apply(slots: AnnexSlots, change: AnnexChange, now: int) -> Applied:
    match change:
        case annex.KeepFeedback():
            return _keep_feedback(slots, change, now)
        case annex.PurgeFeedback(project_id=project_id, ids=ids):
            return _changed(slots.drop_feedback(project_id, ids) > 0)
        case annex.KeepPrices(prices=prices):
            slots.put_prices([replace(price, created_at=now) for price in prices])
            return Applied(created=1)
        case annex.PurgePrices(project_id=project_id, ids=ids):
            return _changed(slots.drop_prices(project_id, ids) > 0)
        case annex.KeepObject():
            return _keep_object(slots, change, now)
        case annex.DeleteObject():
            return _delete_object(slots, change, now)
        case _:
            return _apply_content(slots, change)


def _apply_content(
    slots: AnnexSlots, change: annex.KeepFile | annex.KeepTable | annex.LinkTable | annex.UpdateTable
) -> Applied:
    match change:
        case annex.KeepFile(project_id=project_id, digest=digest, content=content):
            return _created(slots.put_file(project_id, digest, content))
        case annex.KeepTable(project_id=project_id, digest=digest, rows=rows):
            slots.put_rows(project_id, rows)
            return _created(slots.put_table(project_id, digest, [row.digest for row in rows]))
        case annex.LinkTable(project_id=project_id, digest=digest, row_digests=digests):
            _check_rows(slots, project_id, digests)
            return _created(slots.put_table(project_id, digest, digests))
        case annex.UpdateTable():
            return _update_table(slots, change)
        case _:
            assert_never(change)


def _created(new: bool) -> Applied:  # noqa: FBT001 - which of two counts
    return Applied(created=1) if new else Applied(unchanged=1)


def _changed(any_: bool) -> Applied:  # noqa: FBT001 - which of two counts
    return Applied(merged=1) if any_ else Applied(unchanged=1)


def _keep_feedback(slots: AnnexSlots, change: annex.KeepFeedback, now: int) -> Applied:
    if change.replaces is not None:
        slots.drop_feedback(change.rows[0].project_id, (change.replaces,))
    new = slots.put_feedback([replace(row, created_at=now) for row in change.rows])
    return Applied(created=new, merged=len(change.rows) - new)


def _keep_object(slots: AnnexSlots, change: annex.KeepObject, now: int) -> Applied:
    version = change.version
    versions = slots.versions(version.project_id, (version.object_id,))
    same_kind = [one for one in versions if one.is_op == version.is_op]
    there = next((one for one in same_kind if one.digest == version.digest), None)
    if there is not None and there.deleted_at is None:
        return _keep_again(slots, version, there, newest=latest(same_kind), now=now)
    number = max((one.number for one in same_kind), default=-1) + 1
    slots.put_version(replace(version, number=number, created_at=now, size=len(version.val or b"")))
    return Applied(created=1)


def _keep_again(
    slots: AnnexSlots, version: annex.Version, there: annex.Version, *, newest: annex.Version | None, now: int
) -> Applied:
    """Leave what is there; but a monitor that is switched on again is the latest version again."""
    if newest is there or not is_monitor(version):
        return Applied(unchanged=1)
    slots.put_version(replace(version, number=there.number, created_at=now, size=there.size))
    return Applied(merged=1)


def _delete_object(slots: AnnexSlots, change: annex.DeleteObject, now: int) -> Applied:
    versions = slots.versions(change.project_id, (change.object_id,))
    alive = [one for one in versions if one.deleted_at is None]
    chosen = alive
    if change.digests is not None:
        found = [_named(alive, digest, change.object_id) for digest in change.digests]
        chosen = list({(one.is_op, one.digest): one for one in found}.values())
    if not chosen:
        raise NotFound(f"object {change.object_id} is not known")
    for one in chosen:
        slots.put_version(replace(one, val=None, size=0, deleted_at=now))
    gone: list[dict[str, Any]] = [
        {"digest": one.digest, "base_object_class": one.base_class, "leaf_object_class": one.leaf_class}
        for one in chosen
    ]
    answer = orjson.dumps({"num_deleted": len(chosen), "deleted_versions": gone})
    return Applied(merged=1, answer=answer)


def _named(alive: Sequence[annex.Version], digest: str, object_id: str) -> annex.Version:
    found = chosen(alive, digest)
    if found is None:
        raise NotFound(f"object {object_id}:{digest} is not known")
    return found


def _check_rows(slots: AnnexSlots, project_id: str, digests: Sequence[str]) -> None:
    kept = slots.rows(project_id, digests)
    missing = next((one for one in digests if one not in kept), None)
    if missing is not None:
        raise NotFound(f"row {missing} is not known")


def _update_table(slots: AnnexSlots, change: annex.UpdateTable) -> Applied:
    base = slots.table_digests(change.project_id, change.base_digest)
    if base is None:
        raise NotFound(f"table {change.base_digest} is not known")
    digests = list(base)
    touched = [_update(digests, update, at) for at, update in enumerate(change.updates)]
    slots.put_rows(change.project_id, [u.row for u in change.updates if not isinstance(u, annex.Pop)])
    digest = table_digest(digests)
    new = slots.put_table(change.project_id, digest, digests)
    answer = orjson.dumps({"digest": digest, "updated_row_digests": touched})
    return Applied(created=int(new), unchanged=int(not new), answer=answer)


def _update(digests: list[str], update: Append | Insert | Pop, at: int) -> str:
    match update:
        case annex.Append(row=row):
            digests.append(row.digest)
            return row.digest
        case annex.Insert(index=index, row=row):
            _check_index(index, len(digests), at)
            digests.insert(index, row.digest)
            return row.digest
        case annex.Pop(index=index):
            _check_index(index, len(digests) - 1, at)
            return digests.pop(index)


def _check_index(index: int, last: int, at: int) -> None:
    if not 0 <= index <= last:
        raise InvalidRequest(f"updates[{at}]: index {index} is not in the table", field=f"updates[{at}]")


def size_of(changes: Sequence[AnnexChange]) -> int:
    """Return about how many bytes these changes add."""
    return sum(map(_size, changes))


def kept_size_of(changes: Sequence[AnnexChange]) -> int:
    """Return about how many of those bytes neither expire nor make room."""
    return size_of([change for change in changes if not isinstance(change, annex.KeepFeedback)])


def _size(change: AnnexChange) -> int:
    match change:
        case annex.KeepFeedback(rows=rows):
            return sum(len(row.members) for row in rows)
        case annex.KeepObject(version=version):
            return len(version.val or b"")
        case annex.KeepFile(content=content):
            return len(content)
        case annex.KeepTable(rows=rows):
            return sum(len(row.val) for row in rows)
        case annex.UpdateTable(updates=updates):
            return sum(len(u.row.val) for u in updates if not isinstance(u, annex.Pop))
        case _:
            return 0
