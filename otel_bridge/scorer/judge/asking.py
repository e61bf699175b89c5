"""What is sent to a model server: the body of an OpenAI-compatible `POST …/chat/completions`."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import orjson

from otel_bridge.scorer.base import ScorerFailed
from otel_bridge.scorer.judge.template import MAX_PROMPT_BYTES, Room, Template, as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.scorer.judge.judge import Judge

SCHEMA_NAME: Final = "verdict"
"""What the schema of an answer is called in a request."""
REFUSED: Final = frozenset({400, 422})
"""Answers to a request that a server does not understand."""
MEANS_SCHEMA: Final = (b"response_format", b"json_schema")
MAX_TOKENS: Final = "max_tokens"
COMPLETION_TOKENS: Final = "max_completion_tokens"
IN_WORDS: Final = "Answer with one JSON object and nothing else. It has this JSON schema:\n"


class Adaptation(Enum):
    """How a request differs for a server that refused it as it was."""

    SCHEMA_IN_WORDS = "the schema is told in words, and any JSON asked for"
    COMPLETION_TOKENS = "the bound of tokens has the name that reasoning models want"


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
    judge: Judge, model: str, messages: list[dict[str, Any]], adapted: frozenset[Adaptation] = frozenset()
) -> bytes:
    """Return the request as JSON, as the server wants it; raise ScorerFailed when it is too large."""
    in_words = Adaptation.SCHEMA_IN_WORDS in adapted
    if in_words:
        told = {"role": "system", "content": IN_WORDS + as_json(judge.response_schema)}
        messages = [told, *messages]
    params = judge.params
    if Adaptation.COMPLETION_TOKENS in adapted:
        params = {COMPLETION_TOKENS if name == MAX_TOKENS else name: one for name, one in params.items()}
    document = {"model": model, "messages": messages, **params}
    wanted = _response_format(judge, in_words=in_words)
    if wanted is not None:
        document["response_format"] = wanted
    try:
        body = orjson.dumps(document)
    except (TypeError, RecursionError) as error:
        raise ScorerFailed(f"the request cannot be written as JSON: {error}") from error
    if len(body) > MAX_PROMPT_BYTES:
        raise ScorerFailed(f"the prompt is larger than {MAX_PROMPT_BYTES} bytes")
    return body


def adaptations(judge: Judge, status: int, answer: bytes) -> frozenset[Adaptation]:
    """Return what a server that refused a request would rather be asked; nothing when it does not say."""
    if status not in REFUSED:
        return frozenset()
    wanted = set()
    if judge.response_format == "json_schema" and any(word in answer for word in MEANS_SCHEMA):
        wanted.add(Adaptation.SCHEMA_IN_WORDS)
    if MAX_TOKENS in judge.params and COMPLETION_TOKENS.encode() in answer:
        wanted.add(Adaptation.COMPLETION_TOKENS)
    return frozenset(wanted)


def _response_format(judge: Judge, *, in_words: bool) -> dict[str, Any] | None:
    if judge.response_format is None:
        return None
    if judge.response_format != "json_schema":
        return {"type": judge.response_format}
    if in_words:
        return {"type": "json_object"}
    schema = judge.response_schema or {}
    strict = schema.get("additionalProperties") is False  # OpenAI refuses to be strict about an open object
    return {
        "type": "json_schema",
        "json_schema": {"name": SCHEMA_NAME, "schema": schema, "strict": strict},
    }


def _filled(content: Any, values: Mapping[str, Any], room: Room) -> Any:
    if isinstance(content, Template):
        return content.fill(values, room)
    if isinstance(content, list):
        return [_filled(one, values, room) for one in content]
    if isinstance(content, dict):
        return {name: _filled(one, values, room) for name, one in content.items()}
    return content
