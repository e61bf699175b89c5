"""What is sent to a model server: the body of an OpenAI-compatible `POST …/chat/completions`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.scorer.base import ScorerFailed
from otel_bridge.scorer.judge.template import MAX_PROMPT_BYTES, Room, Template, as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.scorer.judge.judge import Judge

SCHEMA_NAME: Final = "verdict"
"""What the schema of an answer is called in a request."""
IN_WORDS: Final = "Answer with one JSON object and nothing else. It has this JSON schema:\n"


def messages_of(judge: Judge, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the messages about one call; raise ScorerFailed when a placeholder finds nothing."""
    room = Room()
    filled = [
        {**part.rest, "content": _filled(part.content, values, room)}
        if part.content is not None
        else part.rest
        for part in judge.parts
    ]
    return [*judge.preamble, *filled]


def body_of(
    judge: Judge, model: str, messages: list[dict[str, Any]], *, schema_in_words: bool = False
) -> bytes:
    """Return the request as JSON; raise ScorerFailed when it is too large.

    `schema_in_words`: for a server that knows no JSON schemas, one is told as text, and any JSON asked for.
    """
    if schema_in_words:
        told = {"role": "system", "content": IN_WORDS + as_json(judge.response_schema)}
        messages = [told, *messages]
    document = {"model": model, "messages": messages, **judge.params}
    wanted = _response_format(judge, in_words=schema_in_words)
    if wanted is not None:
        document["response_format"] = wanted
    try:
        body = orjson.dumps(document)
    except (TypeError, RecursionError) as error:
        raise ScorerFailed(f"the request cannot be written as JSON: {error}") from error
    if len(body) > MAX_PROMPT_BYTES:
        raise ScorerFailed(f"the prompt is larger than {MAX_PROMPT_BYTES} bytes")
    return body


def _response_format(judge: Judge, *, in_words: bool) -> dict[str, Any] | None:
    if judge.response_format is None:
        return None
    if judge.response_format != "json_schema":
        return {"type": judge.response_format}
    if in_words:
        return {"type": "json_object"}
    schema = judge.response_schema or {}
    strict = schema.get("additionalProperties") is False  # OpenAI refuses to be strict about an open object
    return {"type": "json_schema", "json_schema": {"name": SCHEMA_NAME, "schema": schema, "strict": strict}}


def _filled(content: Any, values: Mapping[str, Any], room: Room) -> Any:
    if isinstance(content, Template):
        return content.fill(values, room)
    if isinstance(content, list):
        return [_filled(one, values, room) for one in content]
    if isinstance(content, dict):
        return {name: _filled(one, values, room) for name, one in content.items()}
    return content
