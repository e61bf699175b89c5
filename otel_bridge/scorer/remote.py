"""Scorers behind HTTP: what they are sent and what they answer, by Weave's schema, version 1.

Facts: `contract/weave-api.md` §4.3. Weave's `RemoteScorer` objects say where; a configuration does too.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

import msgspec
import orjson
from msgspec import Raw, Struct

from otel_bridge.query.refs import parsed
from otel_bridge.scorer.base import ScorerFailed, Unusable
from otel_bridge.scorer.plain import plain
from otel_bridge.scorer.quoting import message_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from otel_bridge.model.scoring import Task
    from otel_bridge.scorer.spec import Spec

SCHEMA_VERSION: Final = 1
MAX_BODY_BYTES: Final = 1 << 20
"""Of a request, and of an answer; Weave's limit is the same."""
MAX_TAG_CHARACTERS: Final = 36
CALL: Final = ("trace_id", "op_name", "inputs", "output", "started_at", "ended_at")
"""Members of a call that are sent beside its project and id."""


class OAuth(Struct, frozen=True, forbid_unknown_fields=True):
    """Client credentials (RFC 6749 §4.4): a token is asked for at `token_url` with the named secret."""

    token_url: str
    client_id: str
    secret: str
    scope: str | None = None


class Remote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a scorer of kind `remote`; `secret` names the bearer token that is sent."""

    endpoint: str
    config: dict[str, Any] | None = None
    secret: str | None = None
    oauth: OAuth | None = None


def remote_of(settings: Mapping[str, Any]) -> Remote:
    """Read settings of either origin, a configuration or an object; raise Unusable, naming what is wrong."""
    try:
        return msgspec.convert({name: one for name, one in settings.items() if one is not None}, Remote)
    except msgspec.ValidationError as error:
        raise Unusable(f"the settings of the remote scorer cannot be read: {error}") from error


def settings_of(val: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a `RemoteScorer` object amounts to; raise Unusable, saying why not."""
    settings = {"endpoint": val.get("endpoint_url"), "config": plain(val.get("config"))}
    auth = val.get("auth_config")
    if auth is not None:
        settings |= _auth(auth)
    remote_of(settings)
    return settings


def request_of(spec: Spec, remote: Remote, call: Mapping[str, Any], task: Task, now: datetime) -> bytes:
    """Return the body of the request about a call; raise ScorerFailed when it is too large to be sent."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "original_call": {
            "project_id": task.project_id,
            "call_id": task.call_id,
            **{name: call.get(name) for name in CALL},
        },
        "scoring_call_id": task.run_id,
        "scoring_trace_id": task.trace_id,
        "monitor": _monitor(task.trigger_ref),
        "scorer": {"name": spec.name, "ref": task.scorer_ref, "config": remote.config},
        "triggered_at": now.astimezone(UTC).isoformat(),
    }
    try:
        body = orjson.dumps(document)
    except (TypeError, RecursionError) as error:
        raise ScorerFailed(f"the call cannot be written as JSON: {error}") from error
    if len(body) > MAX_BODY_BYTES:
        raise ScorerFailed(
            f"the call is too large: {len(body)} bytes, a remote scorer takes {MAX_BODY_BYTES}"
        )
    return body


def headers_of(task: Task) -> dict[str, str]:
    """Return what tells a scorer which run this is: the same however often the task is carried out."""
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": task.feedback_id,
        "X-Correlation-ID": task.run_id,
        "X-Weave-Schema-Version": str(SCHEMA_VERSION),
    }


def read(body: bytes) -> Raw:
    """Return the result that the body of a 200 holds; raise ScorerFailed naming what is wrong with it."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ScorerFailed(f"the remote scorer did not answer with JSON: {message_of(body)!r}") from error
    if not isinstance(document, dict):
        raise ScorerFailed("the remote scorer did not answer with an object")
    version = document.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise ScorerFailed(f"schema_version of the answer must be {SCHEMA_VERSION}, as in the request")
    if "result" not in document:
        raise ScorerFailed("the answer of the remote scorer has no result")
    _check_result(document["result"])
    return Raw(orjson.dumps(document["result"]))


def _check_result(result: Any) -> None:
    """Take one score, a list of them, or an object that holds such a list as `scores`."""
    if isinstance(result, dict) and "scores" in result and "value" not in result:
        _check_list(result["scores"], "result.scores")
    elif isinstance(result, list):
        _check_list(result, "result")
    else:
        _check_score(result, "result")


def _check_list(scores: Any, place: str) -> None:
    if not isinstance(scores, list) or not scores:
        raise ScorerFailed(f"{place} of the answer must be a list with at least one score")
    for number, score in enumerate(scores):
        _check_score(score, f"{place}[{number}]")


def _check_score(score: Any, place: str) -> None:
    if not isinstance(score, dict):
        raise ScorerFailed(f"{place} of the answer must be an object with a value")
    value, reason, confidence = score.get("value"), score.get("reason"), score.get("confidence")
    if isinstance(value, str):
        if not 0 < len(value) <= MAX_TAG_CHARACTERS:
            raise ScorerFailed(
                f"{place}.value is a tag of 1 to {MAX_TAG_CHARACTERS} characters, not {len(value)}"
            )
    elif not _is_share(value):
        raise ScorerFailed(f"{place}.value must be a tag or a number from 0 to 1")
    if reason is not None and not isinstance(reason, str):
        raise ScorerFailed(f"{place}.reason must be a text")
    if confidence is not None and not _is_share(confidence):
        raise ScorerFailed(f"{place}.confidence must be a number from 0 to 1")


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _monitor(ref: str | None) -> dict[str, str] | None:
    known = None if ref is None else parsed(ref)
    return None if known is None else {"name": known.name, "version_digest": known.digest}


def _auth(auth: Any) -> dict[str, Any]:
    mode = auth.get("mode") if isinstance(auth, dict) else None
    if mode == "static_bearer":
        return {"secret": auth.get("bearer_secret_name")}
    if mode == "oauth_client_credentials":
        oauth = {
            "token_url": auth.get("token_endpoint_url"),
            "client_id": auth.get("client_id"),
            "secret": auth.get("client_secret_name"),
            "scope": auth.get("scope"),
        }
        return {"oauth": {name: one for name, one in oauth.items() if one is not None}}
    raise Unusable(f"its auth_config has a mode that is not known: {mode}")
