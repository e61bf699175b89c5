"""A model is asked to judge a call: any server with OpenAI's `/chat/completions`."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import orjson
from msgspec.structs import replace

from otel_bridge.exporter.verdict import retry_after
from otel_bridge.scorer.base import ScorerBusy, ScorerFailed, Unusable, Verdict
from otel_bridge.scorer.judge.answer import BUSY_CODES, read
from otel_bridge.scorer.judge.asking import adaptations, body_of, messages_of
from otel_bridge.scorer.judge.fitting import check_fits
from otel_bridge.scorer.judge.judge import judge_of
from otel_bridge.scorer.judge.values import recorded, values_of
from otel_bridge.scorer.quoting import answered
from otel_bridge.scoring.outgoing import Unreached

if TYPE_CHECKING:
    from typing import Any

    from msgspec import Raw

    from otel_bridge.model.scoring import Task
    from otel_bridge.scorer.judge.judge import Judge
    from otel_bridge.scorer.places import Place
    from otel_bridge.scorer.spec import Spec
    from otel_bridge.scoring.outgoing import Outgoing, Reply

MAX_ANSWER_BYTES: Final = 8 << 20
"""A verdict is small; this leaves room for models that think aloud."""
REQUEST_ID: Final = "X-Client-Request-Id"
"""OpenAI and gateways log it; it is the id of the call that records the run."""


async def score(spec: Spec, line: bytes, task: Task, outgoing: Outgoing) -> Verdict:
    """Ask the model once and return its verdict, with the tokens it took.

    `line` is the call as JSON. Raises ScorerBusy when the server may answer later, ScorerFailed for all else;
    both tell what the prompt was given.
    """
    call = orjson.loads(line)
    inputs: Raw | None = None
    try:
        judge = judge_of(spec.settings)
        values = values_of(call, spec.column_map)
        inputs = recorded(call, values, judge.placeholders)
        place = outgoing.places.of_judge(judge)
        place = replace(place, headers={REQUEST_ID: task.run_id, **place.headers})
        answer = await _ask(judge, place, messages_of(judge, values), outgoing, spec.bounds.timeout_seconds)
        found = read(answer, model=place.model, reading=judge.reading)
        if judge.response_schema is not None and spec.origin != "object":  # whose schemas may be endless work
            check_fits(found, judge.response_schema)
    except (Unusable, ScorerFailed) as error:
        usage = error.usage if isinstance(error, ScorerFailed) else None
        raise ScorerFailed(outgoing.hide(str(error)), inputs=inputs, usage=usage) from error
    except ScorerBusy as error:
        raise ScorerBusy(outgoing.hide(str(error)), retry_after=error.retry_after, inputs=inputs) from error
    return Verdict(
        output=found.output, inputs=inputs, usage=found.usage or None, notes={"model": judge.model}
    )


async def _ask(
    judge: Judge, place: Place, messages: list[dict[str, Any]], outgoing: Outgoing, seconds: float
) -> bytes:
    """Return the body of a success; a server that wants to be asked otherwise is, from then on."""
    key = (place.url, place.model)
    adapted = outgoing.adapted.get(key, frozenset())
    reply = await _send(place, body_of(judge, place.model, messages, adapted), outgoing, seconds)
    while more := adaptations(judge, reply.status, reply.body) - adapted:
        adapted |= more
        reply = await _send(place, body_of(judge, place.model, messages, adapted), outgoing, seconds)
    _raise_for(reply)
    if adapted:
        outgoing.adapted[key] = adapted
    return reply.body


async def _send(place: Place, body: bytes, outgoing: Outgoing, seconds: float) -> Reply:
    try:
        return await outgoing.post(
            place.url, body, place.headers, seconds=seconds, max_bytes=MAX_ANSWER_BYTES
        )
    except Unreached as error:
        raise ScorerBusy(f"the model server cannot be asked: {error}") from error


def _raise_for(reply: Reply) -> None:
    if reply.status == HTTPStatus.OK:
        return
    text = f"the model server answered {answered(reply.status, reply.body)}"
    if reply.status in BUSY_CODES:
        raise ScorerBusy(text, retry_after=retry_after(reply.headers.get("retry-after")) or None)
    raise ScorerFailed(text)
