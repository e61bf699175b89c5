"""Decoders of the routes that write objects, tables and files (`contract/weave-api.md` §5.3)."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError

from otel_bridge.model import annex
from otel_bridge.store.annex import digests
from otel_bridge.weave import annex_schema as schema
from otel_bridge.weave import fields
from otel_bridge.weave.body import Body, Decoded, naming
from otel_bridge.weave.checked import checked, errors_at, parse
from otel_bridge.weave.classes import classes_of, is_op
from otel_bridge.weave.form import members
from otel_bridge.weave.refusals import reason, unprocessable
from otel_bridge.weave.schema import Tree

MAX_OBJECT_ID: Final = 128
MAX_UPDATES: Final = 100_000
"""Updates of a table in one request: each may move every row behind it."""
_OBJECT_ID: Final = re.compile(r"[\w.\-]+")
_ROW: Final[TypeAdapter[Tree]] = TypeAdapter(Tree)
_DIGEST: Final = TypeAdapter(str)
_UPDATE: Final = TypeAdapter(schema.TableUpdate)


def obj_create(body: Body) -> Decoded:
    """Read a version of an object; its digest is the answer."""
    sent = checked(schema.ObjCreateReq, parse(body.data)).obj
    with naming("obj"):
        version = _version(sent)
    _check_digest(sent.expected_digest, version.digest)
    answer = orjson.dumps({"digest": version.digest, "object_id": version.object_id})
    return Decoded((annex.KeepObject(version=version),), answer)


def obj_delete(body: Body) -> Decoded:
    """Read which versions of an object go; the store knows how many those are."""
    sent = checked(schema.ObjDeleteReq, parse(body.data))
    with naming():
        change = annex.DeleteObject(
            project_id=fields.project_id(sent.project_id),
            object_id=sent.object_id,
            digests=None if sent.digests is None else tuple(sent.digests),
        )
    return Decoded((change,), b"{}")


def file_create(body: Body) -> Decoded:
    """Read a file out of a form; its digest is the answer."""
    form = members(body.content_type, body.data)
    missing = [name for name in ("project_id", "file") if name not in form]
    if missing:
        lines = [
            {"type": "missing", "loc": ("body", name), "msg": "Field required", "input": None}
            for name in missing
        ]
        raise unprocessable(lines)
    with naming():
        project_id = fields.project_id(form["project_id"].decode(errors="replace"))
    digest = digests.bytes_digest(form["file"])
    _check_digest(form.get("expected_digest", b"").decode(errors="replace"), digest)
    change = annex.KeepFile(project_id=project_id, digest=digest, content=form["file"])
    return Decoded((change,), orjson.dumps({"digest": digest}))


def table_create(body: Body) -> Decoded:
    """Read a table with its rows; the digests of all of them are the answer."""
    sent = checked(schema.TableCreateReq, parse(body.data)).table
    with naming("table"):
        project_id = fields.project_id(sent.project_id)
    rows = tuple(_row(value, ("table", "rows", at)) for at, value in enumerate(sent.rows))
    row_digests = [row.digest for row in rows]
    digest = digests.table_digest(row_digests)
    _check_digest(sent.expected_digest, digest)
    change = annex.KeepTable(project_id=project_id, digest=digest, rows=rows)
    return Decoded((change,), orjson.dumps({"digest": digest, "row_digests": row_digests}))


def table_create_from_digests(body: Body) -> Decoded:
    """Read a table of rows that are there already."""
    sent = checked(schema.TableCreateFromDigestsReq, parse(body.data))
    with naming():
        project_id = fields.project_id(sent.project_id)
    row_digests = tuple(
        _valid(_DIGEST, value, ("row_digests", at)) for at, value in enumerate(sent.row_digests)
    )
    digest = digests.table_digest(row_digests)
    _check_digest(sent.expected_digest, digest)
    change = annex.LinkTable(project_id=project_id, digest=digest, row_digests=row_digests)
    return Decoded((change,), orjson.dumps({"digest": digest}))


def table_update(body: Body) -> Decoded:
    """Read updates of a table; the store knows what comes out."""
    sent = checked(schema.TableUpdateReq, parse(body.data))
    if len(sent.updates) > MAX_UPDATES:
        raise reason(413, f"updates holds more than {MAX_UPDATES} entries")
    with naming():
        project_id = fields.project_id(sent.project_id)
    updates = tuple(_update(value, at) for at, value in enumerate(sent.updates))
    change = annex.UpdateTable(project_id=project_id, base_digest=sent.base_digest, updates=updates)
    return Decoded((change,), b"{}")


def _version(sent: schema.ObjSchemaForInsert) -> annex.Version:
    object_id = sent.object_id
    if not _OBJECT_ID.fullmatch(object_id) or len(object_id) > MAX_OBJECT_ID:
        text = f"object_id must have 1 to {MAX_OBJECT_ID} letters, digits, '.', '_' and '-'"
        raise fields.BadValue(text)
    asked = sent.builtin_object_class or sent.set_base_object_class
    classes = classes_of(sent.val, asked)
    return annex.Version(
        project_id=fields.project_id(sent.project_id),
        object_id=object_id,
        val=fields.tree(classes.val, "val"),
        digest=digests.value_digest(classes.val),
        is_op=is_op(classes.val),
        base_class=classes.base,
        leaf_class=classes.leaf,
        wb_user_id=fields.text(sent.wb_user_id),
    )


def _row(value: Any, place: tuple[str | int, ...]) -> annex.Row:
    row = _valid(_ROW, value, place)
    with naming(_named(place)):
        val = fields.tree(row, "the row")
    return annex.Row(digests.value_digest(row), val)


def _update(value: Any, at: int) -> annex.Append | annex.Insert | annex.Pop:
    update = _valid(_UPDATE, value, ("updates", at))
    match update.append, update.insert, update.pop:
        case schema.AppendSpec(row=row), None, None:
            return annex.Append(_row(row, ("updates", at, "append", "row")))
        case None, schema.InsertSpec(index=index, row=row), None:
            return annex.Insert(index, _row(row, ("updates", at, "insert", "row")))
        case None, None, schema.PopSpec(index=index):
            return annex.Pop(index)
        case _:
            error = {
                "type": "value_error",
                "loc": ("body", "updates", at),
                "msg": "Value error, an update is one of append, insert and pop",
                "input": value,
            }
            raise unprocessable([error])


def _valid(adapter: TypeAdapter[Any], value: Any, place: tuple[str | int, ...]) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise unprocessable(errors_at(("body", *place), error)) from None


def _named(place: tuple[str | int, ...]) -> str:
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in place).removeprefix(".")


def _check_digest(expected: str | None, digest: str) -> None:
    if expected and expected != digest:
        raise reason(409, f"expected_digest is {expected}, but the digest is {digest}")
