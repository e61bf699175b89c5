"""Messages as they travel: Weave's JSON, and tasks cut into messages (`contract/weave-api.md` §4.2).

Values hold documented members only, because a consumer may refuse others; what is ours travels in headers.
Members that are unknown here are ignored, and `null` is the same as absent.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zlib import crc32

import msgspec
from msgspec import Struct

from otel_bridge.errors import InvalidRequest
from otel_bridge.jobs.base import ScoreCalls
from otel_bridge.model.scoring import MAX_MESSAGE_CALLS, EndedCall, Task
from otel_bridge.model.tasks import MAX_NAME_CHARS, MAX_REF_CHARS
from otel_bridge.weave import fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from otel_bridge.jobs.names import Names

MAX_VALUE_BYTES: Final = 900_000
"""Of a message that we write; a broker takes 1 MiB unless told otherwise."""
MAX_READ_TASKS: Final = 100_000
"""Calls times scorers of a message that somebody else wrote; Weave writes at most 100 calls."""

JOB_ID: Final = "otel-bridge-job-id"
TRIGGER_REF: Final = "otel-bridge-trigger-ref"
GENERATION: Final = "otel-bridge-generation"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Unreadable(ValueError):
    """A message that cannot be understood, and why."""


class _CallsScoreReq(Struct, frozen=True):
    project_id: str
    call_ids: list[str]
    scorer_refs: list[str]
    wb_user_id: str | None = None


class _EndedCallSchema(Struct, frozen=True):
    project_id: str
    id: str
    ended_at: datetime
    exception: str | None = None
    output: Any = None
    summary: dict[str, Any] = {}


class _Key(NamedTuple):
    """What all tasks of a message share."""

    project_id: str
    wb_user_id: str | None
    job_id: str
    trigger_ref: str | None
    generation: int


_SCORE: Final = msgspec.json.Decoder(_CallsScoreReq)
_ENDED: Final = msgspec.json.Decoder(_EndedCallSchema)


def messages_of(tasks: Iterable[Task]) -> list[ScoreCalls]:
    """Put tasks together into as few messages as say exactly the same, in the order the tasks came."""
    refs_of: dict[_Key, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for task in tasks:
        key = _Key(task.project_id, task.wb_user_id, task.job_id, task.trigger_ref, task.generation)
        refs_of[key][task.call_id].append(task.scorer_ref)
    return [message for key, refs in refs_of.items() for message in _alike(key, refs)]


def tasks_of(message: ScoreCalls) -> list[Task]:
    """Return each scorer of a message with each of its calls, every pair once."""
    return [
        Task(
            project_id=message.project_id,
            call_id=call_id,
            scorer_ref=ref,
            generation=message.generation,
            job_id=message.job_id,
            trigger_ref=message.trigger_ref,
            wb_user_id=message.wb_user_id,
        )
        for call_id in dict.fromkeys(message.call_ids)
        for ref in dict.fromkeys(message.scorer_refs)
    ]


def key_of(project_id: str, call_id: str, buckets: int) -> bytes:
    """Return the key of a message: its project, spread over `buckets` by the first call if more than one."""
    if buckets <= 1:
        return project_id.encode()
    return f"{project_id}:{crc32(call_id.encode()) % buckets}".encode()


def score_value(message: ScoreCalls, names: Names) -> bytes:
    """Return the value of a message for `weave.score_calls`."""
    project_id = names.outside(message.project_id)
    body = _CallsScoreReq(
        project_id,
        list(message.call_ids),
        [names.ref_outside(ref, message.project_id) for ref in message.scorer_refs],
        message.wb_user_id,
    )
    return msgspec.json.encode(body)


def score_headers(message: ScoreCalls) -> list[tuple[str, bytes]]:
    """Return what is ours of a message."""
    headers = []
    if message.job_id:
        headers.append((JOB_ID, message.job_id.encode()))
    if message.trigger_ref is not None:
        headers.append((TRIGGER_REF, message.trigger_ref.encode()))
    if message.generation:
        headers.append((GENERATION, str(message.generation).encode()))
    return headers


def score_of(value: bytes | None, headers: Mapping[str, bytes | None], names: Names) -> ScoreCalls:
    """Read a message of `weave.score_calls`; raise Unreadable."""
    body = _decoded(_SCORE, value)
    if len(body.call_ids) * len(body.scorer_refs) > MAX_READ_TASKS:
        raise Unreadable(f"calls times scorers are more than {MAX_READ_TASKS}")
    _check("call_ids", body.call_ids, MAX_NAME_CHARS)
    _check("scorer_refs", body.scorer_refs, MAX_REF_CHARS)
    project_id = _project(body.project_id, names)
    return ScoreCalls(
        project_id=project_id,
        call_ids=tuple(body.call_ids),
        scorer_refs=tuple(names.ref_inside(ref) for ref in body.scorer_refs),
        wb_user_id=body.wb_user_id,
        job_id=(_text(headers, JOB_ID) or "")[:MAX_NAME_CHARS],
        trigger_ref=_text(headers, TRIGGER_REF),
        generation=_generation(_text(headers, GENERATION)),
    )


def ended_value(ended: EndedCall, names: Names) -> bytes:
    """Return the value of a message for `weave.call_ended`: which call ended when, and nothing it holds."""
    body = _EndedCallSchema(
        names.outside(ended.project_id), ended.call_id, _EPOCH + ended.ended_at * _MICROSECOND
    )
    return msgspec.json.encode(body)


def ended_of(value: bytes | None, names: Names) -> EndedCall:
    """Read a message of `weave.call_ended`; raise Unreadable."""
    body = _decoded(_ENDED, value)
    _check("id", [body.id], MAX_NAME_CHARS)
    moment = body.ended_at if body.ended_at.tzinfo is not None else body.ended_at.replace(tzinfo=UTC)
    return EndedCall(_project(body.project_id, names), body.id, (moment - _EPOCH) // _MICROSECOND)


def _alike(key: _Key, refs_of: Mapping[str, list[str]]) -> Iterator[ScoreCalls]:
    """Cut calls that have the same scorers into messages."""
    calls_of: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for call_id, refs in refs_of.items():
        calls_of[tuple(dict.fromkeys(refs))].append(call_id)
    for scorer_refs, call_ids in calls_of.items():
        calls = iter(call_ids)
        while some := tuple(islice(calls, MAX_MESSAGE_CALLS)):
            yield from _small(ScoreCalls(call_ids=some, scorer_refs=scorer_refs, **key._asdict()))


def _small(message: ScoreCalls) -> Iterator[ScoreCalls]:
    """Cut a message until it is small enough to be sent, by its longer list."""
    calls, refs = message.call_ids, message.scorer_refs
    if _size(calls) + _size(refs) <= MAX_VALUE_BYTES or len(calls) == len(refs) == 1:
        yield message
        return
    by_calls = len(refs) == 1 or (len(calls) > 1 and _size(calls) > _size(refs))
    name, longer = ("call_ids", calls) if by_calls else ("scorer_refs", refs)
    half = len(longer) // 2
    for part in (longer[:half], longer[half:]):
        yield from _small(msgspec.structs.replace(message, **{name: part}))


def _size(texts: Sequence[str]) -> int:
    return sum(map(len, texts)) * 2 + 3 * len(texts)


def _decoded(decoder: msgspec.json.Decoder[Any], value: bytes | None) -> Any:
    if value is None:
        raise Unreadable("the message has no value")
    try:
        return decoder.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from error


def _project(project_id: str, names: Names) -> str:
    try:
        return fields.project_id(names.inside(project_id))
    except (ValueError, InvalidRequest) as error:
        raise Unreadable(str(error)) from error


def _check(name: str, texts: Iterable[str], longest: int) -> None:
    if not all(0 < len(text) <= longest and "\0" not in text for text in texts):
        raise Unreadable(f"one of {name} is empty, longer than {longest} characters or holds a NUL")


def _text(headers: Mapping[str, bytes | None], name: str) -> str | None:
    value = headers.get(name)
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"header {name} is no text") from error


def _generation(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - a count, not a key
        raise Unreadable(f"header {GENERATION} is no count: {text[:40]!r}")
    return int(text)
