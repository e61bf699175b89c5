"""An HTTP service judges a call, by Weave's schema (`contract/weave-api.md` §4.3)."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson

from otel_bridge.scorer.base import ScorerFailed, Unusable, Verdict
from otel_bridge.scorer.quoting import answered
from otel_bridge.scorer.recording import the_arguments
from otel_bridge.scorer.remote import MAX_BODY_BYTES, headers_of, read, remote_of, request_of
from otel_bridge.scoring.outgoing import Unreached

if TYPE_CHECKING:
    from msgspec import Raw

    from otel_bridge.model.scoring import Task
    from otel_bridge.scorer.remote import Remote
    from otel_bridge.scorer.spec import Spec
    from otel_bridge.scoring.outgoing import Outgoing, Reply


async def score(spec: Spec, line: bytes, task: Task, outgoing: Outgoing) -> Verdict:
    """Ask the service once and return its verdict; `line` is the call as JSON.

    Raises ScorerFailed for everything else: a call is sent once, and no answer is asked for again.
    """
    call = orjson.loads(line)
    inputs = the_arguments({name: call[name] for name in ("inputs", "output") if name in call}, call)
    try:
        remote = remote_of(spec.settings)
        body = request_of(spec, remote, call, task, datetime.now(UTC))
        reply = await _send(spec, remote, body, task, outgoing)
        return Verdict(output=_result(reply), inputs=inputs)
    except (Unusable, ScorerFailed) as error:
        raise ScorerFailed(outgoing.hide(str(error)), inputs=inputs) from error
    except Unreached as error:
        raise ScorerFailed(f"the remote scorer cannot be asked: {error}", inputs=inputs) from error


async def _send(spec: Spec, remote: Remote, body: bytes, task: Task, outgoing: Outgoing) -> Reply:
    seconds = spec.bounds.timeout_seconds
    place = outgoing.places.of_remote(remote)
    headers = {**place.headers, **headers_of(task)}
    token = None if remote.oauth is None else outgoing.places.of_token(remote.oauth)
    if token is not None:
        headers["Authorization"] = f"Bearer {await outgoing.token(token, seconds=seconds)}"
    reply = await outgoing.post(place.url, body, headers, seconds=seconds, max_bytes=MAX_BODY_BYTES)
    if token is not None and reply.status == HTTPStatus.UNAUTHORIZED:
        outgoing.forget(token)
    return reply


def _result(reply: Reply) -> Raw:
    if reply.status != HTTPStatus.OK:
        raise ScorerFailed(f"the remote scorer answered {answered(reply.status, reply.body)}")
    return read(reply.body)
