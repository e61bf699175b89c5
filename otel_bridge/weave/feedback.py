"""Decoders of the routes that write feedback (`contract/weave-api.md` §4.4, §5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError

from otel_bridge.model.annex import Feedback, KeepFeedback, PurgeFeedback
from otel_bridge.query.refs import Ref, parsed
from otel_bridge.query.values import iso
from otel_bridge.weave import annex_schema as schema
from otel_bridge.weave import fields
from otel_bridge.weave.body import EMPTY, Body, Decoded, naming
from otel_bridge.weave.checked import checked, errors_at, item_errors, parse
from otel_bridge.weave.purge import purged_ids
from otel_bridge.weave.refusals import unprocessable

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_PAYLOAD_BYTES: Final = 1 << 20
"""Of a payload as JSON, as in Weave's server."""
MAX_ID: Final = 128
MAX_TYPE: Final = 512
MAX_REF: Final = 4096
MAX_CREATOR: Final = 1024

REACTION: Final = "wandb.reaction.1"
NOTE: Final = "wandb.note.1"
RUNNABLE: Final = "wandb.runnable."
ANNOTATION: Final = "wandb.annotation."

_PAYLOADS: Final[Mapping[str, type[BaseModel]]] = {
    REACTION: schema.ReactionPayload,
    NOTE: schema.NotePayload,
}
_PAYLOADS_OF_PREFIXES: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    (RUNNABLE, schema.RunnablePayload),
    (ANNOTATION, schema.AnnotationPayload),
)
_SCORED_ONLY: Final = ("runnable_ref", "call_ref", "trigger_ref")
_ITEM: Final = TypeAdapter(schema.FeedbackCreateReq)


def feedback_create(body: Body) -> Decoded:
    """Read one piece of feedback."""
    request = checked(schema.FeedbackCreateReq, parse(body.data))
    row, answer = _row(request, body, ())
    return Decoded((KeepFeedback(rows=(row,)),), orjson.dumps(answer))


def feedback_batch_create(body: Body) -> Decoded:
    """Read a list of feedback, all of it or nothing."""
    items: list[Any] = [*checked(schema.FeedbackCreateBatchReq, parse(body.data)).batch]
    made = []
    for index, item in enumerate(items):
        try:
            request = schema.FeedbackCreateReq.model_validate(item, from_attributes=True)
        except ValidationError:
            raise unprocessable(item_errors(_ITEM, items)) from None
        made.append(_row(request, body, ("batch", index)))
    rows = tuple(row for row, _ in made)
    answer = orjson.dumps({"res": [answer for _, answer in made]})
    return Decoded((KeepFeedback(rows=rows),) if rows else (), answer)


def feedback_replace(body: Body) -> Decoded:
    """Read feedback that takes the place of other feedback."""
    request = checked(schema.FeedbackReplaceReq, parse(body.data))
    row, answer = _row(request, body, ())
    return Decoded((KeepFeedback(rows=(row,), replaces=request.feedback_id),), orjson.dumps(answer))


def feedback_purge(body: Body) -> Decoded:
    """Read which feedback goes."""
    request = checked(schema.PurgeReq, parse(body.data))
    with naming():
        project_id = fields.project_id(request.project_id)
    ids = purged_ids(request.query.expr, operators=("$eq", "$or"))
    return Decoded((PurgeFeedback(project_id=project_id, ids=ids),), EMPTY)


def _row(
    request: schema.FeedbackCreateReq, body: Body, place: tuple[str | int, ...]
) -> tuple[Feedback, dict[str, Any]]:
    """Make the row and its answer; `place` is where the feedback lies in the body."""
    payload = _payload(request, place)
    named = f"{place[0]}[{place[1]}]" if place else ""
    with naming(named):
        _check_refs(request)
        project_id = fields.project_id(request.project_id)
        feedback_id = body.new_id() if request.id is None else _text(request.id, "id", MAX_ID)
        members = request.model_dump(exclude={"feedback_id"}) | {
            "id": feedback_id,
            "weave_ref": _text(request.weave_ref, "weave_ref", MAX_REF),
            "feedback_type": _text(request.feedback_type, "feedback_type", MAX_TYPE),
            "payload": payload,
        }
        if request.creator is not None and len(request.creator) > MAX_CREATOR:
            raise fields.BadValue(f"creator is longer than {MAX_CREATOR} characters")
        if len(fields.tree(payload, "payload")) > MAX_PAYLOAD_BYTES:
            raise fields.BadValue(f"payload is larger than {MAX_PAYLOAD_BYTES >> 20} MiB")
        row = Feedback(
            project_id=project_id,
            id=feedback_id,
            weave_ref=members["weave_ref"],
            feedback_type=members["feedback_type"],
            members=fields.tree(members, "feedback"),
        )
    answer = {
        "id": feedback_id,
        "created_at": iso(body.received_at),
        "wb_user_id": request.wb_user_id or "",
        "payload": payload,
    }
    return row, answer


def _payload(request: schema.FeedbackCreateReq, place: tuple[str | int, ...]) -> Mapping[str, Any]:
    """Check the payload by its type; raise WriteRefused (422)."""
    kind = request.feedback_type
    named = (model for prefix, model in _PAYLOADS_OF_PREFIXES if kind.startswith(prefix))
    model = _PAYLOADS.get(kind) or next(named, None)
    if model is None:
        return request.payload
    try:
        model.model_validate(request.payload)
    except ValidationError as error:
        raise unprocessable(errors_at(("body", *place, "payload"), error)) from None
    if request.feedback_type == REACTION:
        return request.payload | _reaction(request.payload["emoji"], place)
    return request.payload


def _reaction(text: str, place: tuple[str | int, ...]) -> dict[str, str]:
    """Name an emoji, with and without the tone of its skin; raise WriteRefused (422) unless it is one."""
    import emoji  # noqa: PLC0415 - some MB, only where somebody reacts

    if not emoji.is_emoji(text):
        error = {
            "type": "value_error",
            "loc": ("body", *place, "payload", "emoji"),
            "msg": "Value error, payload.emoji must be exactly one emoji",
            "input": text,
        }
        raise unprocessable([error])
    plain = "".join(character for character in text if character not in _TONES)
    return {
        "alias": emoji.demojize(text),
        "detoned": plain,
        "detoned_alias": emoji.demojize(plain),
    }


_TONES: Final = frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
"""Modifiers of the tone of skin (Unicode's Emoji_Modifier)."""


def _check_refs(request: schema.FeedbackCreateReq) -> None:
    kind = request.feedback_type
    _check_ref(request.annotation_ref, "annotation_ref", {"object"})
    runnable = _check_ref(request.runnable_ref, "runnable_ref", {"object", "op"})
    _check_ref(request.call_ref, "call_ref", {"call"})
    _check_ref(request.trigger_ref, "trigger_ref", {"object", "op"})
    if kind.startswith(RUNNABLE):
        _check_runnable(request, runnable)
    elif misplaced := next((name for name in _SCORED_ONLY if getattr(request, name)), None):
        raise fields.BadValue(f"{misplaced} belongs to feedback of a type {RUNNABLE}NAME only")
    if kind.startswith(ANNOTATION) and not request.annotation_ref:
        raise fields.BadValue(f"annotation_ref is needed for feedback of type {kind}")
    if request.annotation_ref and not kind.startswith(ANNOTATION):
        raise fields.BadValue(f"annotation_ref belongs to feedback of a type {ANNOTATION}NAME only")


def _check_runnable(request: schema.FeedbackCreateReq, runnable: Ref | None) -> None:
    kind = request.feedback_type
    if runnable is None:
        raise fields.BadValue(f"runnable_ref is needed for feedback of type {kind}")
    if runnable.name != kind.removeprefix(RUNNABLE):
        raise fields.BadValue(f"runnable_ref names {runnable.name}, but feedback_type is {kind}")
    if runnable.kind == "op" and not request.call_ref:
        raise fields.BadValue("call_ref is needed where runnable_ref is an op")


def _check_ref(ref: str | None, field: str, kinds: set[str]) -> Ref | None:
    if not ref:
        return None
    found = parsed(ref) if len(ref) <= MAX_REF else None
    if found is None or found.kind not in kinds:
        raise fields.BadValue(f"{field} must be a ref to {' or '.join(sorted(kinds))}")
    return found


def _text(value: str, field: str, longest: int) -> str:
    text = fields.text(value)
    if not text:
        raise fields.BadValue(f"{field} must not be empty")
    if len(text) > longest:
        raise fields.BadValue(f"{field} is longer than {longest} characters")
    return text
