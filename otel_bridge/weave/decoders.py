"""One decoder for each write route. Imports pydantic, so `writes` imports this module when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import ValidationError

from otel_bridge.model.call import DeletedCalls, StartedCall, UpdatedCall
from otel_bridge.weave import feedback, fields, objects, prices, records, schema
from otel_bridge.weave.body import EMPTY, Body, Decoded, naming
from otel_bridge.weave.checked import checked, item_errors, parse
from otel_bridge.weave.refusals import reason, unprocessable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import TypeAdapter

    from otel_bridge.model.call import Change

    ReadItem = Callable[[Any, int], Change]

MAX_DELETED: Final = 1000
"""How many calls one request may delete, as in Weave's server."""

_read_start: Final = schema.StartedCallSchemaForInsert.__pydantic_validator__.validate_python
_read_end: Final = schema.EndedCallSchemaForInsert.__pydantic_validator__.validate_python
_read_completed: Final = schema.CompletedCallSchemaForInsert.__pydantic_validator__.validate_python


def upsert_batch(body: Body) -> Decoded:
    """Read starts and ends in one list; the payload says which an item is, and `mode` must agree."""
    changes = _batch(
        body,
        schema.CallCreateBatchReq,
        schema.BATCH_ITEM,
        lambda item, index: _start_or_end(item, index, new_id=body.new_id),
    )
    answers = [_ids(change) if isinstance(change, StartedCall) else {} for change in changes]
    return Decoded(changes, orjson.dumps({"res": answers}))


def calls_complete(body: Body) -> Decoded:
    """Read whole calls, each in one object."""

    def completed(item: Any, _index: int) -> Change:
        change = records.completed(_read_completed(item, from_attributes=True), item, body.new_id)
        _check_project(change.start.project_id, body.project_id)
        return change

    return Decoded(_batch(body, schema.CallsCompleteReq, schema.COMPLETED_ITEM, completed), EMPTY)


def call_start(body: Body) -> Decoded:
    """Read one start; the answer is its ids."""
    request = checked(schema.CallStartReq, parse(body.data))
    with naming("start"):
        change = records.started(request.start, body.new_id)
        _check_project(change.project_id, body.project_id)
    return Decoded((change,), orjson.dumps(_ids(change)))


def call_end(body: Body) -> Decoded:
    """Read one end; its start may come later."""
    document = parse(body.data)
    request = checked(schema.CallEndReq, document)
    with naming("end"):
        change = records.ended(request.end, document["end"])
        _check_project(change.project_id, body.project_id)
    return Decoded((change,), EMPTY)


def call_update(body: Body) -> Decoded:
    """Read a new display name."""
    request = checked(schema.CallUpdateReq, parse(body.data))
    if request.display_name is None:
        raise reason(400, 'display_name must be given; "" clears it')
    with naming():
        change = UpdatedCall(
            project_id=fields.project_id(request.project_id),
            id=fields.call_id(request.call_id, "call_id"),
            display_name=fields.display_name(request.display_name) or "",
        )
    return Decoded((change,), EMPTY)


def calls_delete(body: Body) -> Decoded:
    """Read which calls shall go; the answer counts what was asked for, like Weave's."""
    document = parse(body.data)
    # Before pydantic looks: it would write an error for each of a million wrong entries.
    ids = document.get("call_ids") if isinstance(document, dict) else None
    if isinstance(ids, list) and len(ids) > MAX_DELETED:
        raise reason(413, f"call_ids holds more than {MAX_DELETED} ids")
    request = checked(schema.CallsDeleteReq, document)
    with naming():
        change = DeletedCalls(
            project_id=fields.project_id(request.project_id),
            ids=tuple(fields.call_id(one, f"call_ids[{at}]") for at, one in enumerate(request.call_ids)),
        )
    answer = orjson.dumps({"num_deleted": len(request.call_ids)})
    return Decoded((change,) if change.ids else (), answer)


DECODERS: Final[Mapping[str, Callable[[Body], Decoded]]] = {
    "/call/upsert_batch": upsert_batch,
    "/call/start": call_start,
    "/call/end": call_end,
    "/call/update": call_update,
    "/calls/delete": calls_delete,
    "/v2/calls/complete": calls_complete,
    "/v2/call/start": call_start,
    "/v2/call/end": call_end,
    "/feedback/create": feedback.feedback_create,
    "/feedback/batch/create": feedback.feedback_batch_create,
    "/feedback/replace": feedback.feedback_replace,
    "/feedback/purge": feedback.feedback_purge,
    "/cost/create": prices.cost_create,
    "/cost/purge": prices.cost_purge,
    "/obj/create": objects.obj_create,
    "/obj/delete": objects.obj_delete,
    "/file/create": objects.file_create,
    "/table/create": objects.table_create,
    "/table/create_from_digests": objects.table_create_from_digests,
    "/table/update": objects.table_update,
}
"""By the keys of `writes.WRITES`."""


def _batch(
    body: Body,
    shell: type[schema.CallCreateBatchReq | schema.CallsCompleteReq],
    item_type: TypeAdapter[Any],
    read: ReadItem,
) -> tuple[Change, ...]:
    items: list[Any] = [*checked(shell, parse(body.data)).batch]
    changes: list[Change] = []
    for index, item in enumerate(items):
        try:
            changes.append(read(item, index))
        except ValidationError:
            raise unprocessable(item_errors(item_type, items)) from None
        except fields.BadValue as error:
            raise reason(400, f"batch[{index}]: {error}") from None
    return tuple(changes)


def _start_or_end(item: Any, index: int, *, new_id: Callable[[], str]) -> Change:
    # The frame that SDKs send is read here; pydantic reads every other one, to refuse it in its own words.
    if (start := _framed(item, "start")) is not None:
        return records.started(_read_start(start), new_id)
    if (end := _framed(item, "end")) is not None:
        return records.ended(_read_end(end), end)
    whole = schema.BATCH_ITEM.validate_python(item, from_attributes=True)
    if isinstance(whole, schema.CallBatchStartMode):
        _check_mode(whole, "start", index)
        return records.started(whole.req.start, new_id)
    _check_mode(whole, "end", index)
    return records.ended(whole.req.end, item["req"]["end"])


def _framed(item: Any, kind: str) -> dict[str, Any] | None:
    if not isinstance(item, dict) or item.get("mode") != kind:
        return None
    request = item.get("req")
    if not isinstance(request, dict) or len(request) != 1:
        return None
    payload = request.get(kind)
    return payload if isinstance(payload, dict) else None


def _check_mode(item: schema.CallBatchStartMode | schema.CallBatchEndMode, wanted: str, index: int) -> None:
    if item.mode == wanted:
        return
    error = {
        "type": "literal_error",
        "loc": ("body", "batch", index, type(item).__name__, "mode"),
        "msg": f"Input should be '{wanted}'",
        "input": item.mode,
        "ctx": {"expected": f"'{wanted}'"},
    }
    raise unprocessable([error])


def _check_project(sent: str, of_path: str | None) -> None:
    if of_path is not None and sent != of_path:
        raise fields.BadValue("project_id is not the project of the path")


def _ids(start: StartedCall) -> dict[str, str]:
    return {"id": start.id, "trace_id": start.trace_id}
