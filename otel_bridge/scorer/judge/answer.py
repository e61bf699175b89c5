"""What a model server answered: the verdict, and the tokens that it took.

Models that are asked for JSON put it into code fences, think aloud before it, or add a sentence: all of that
is taken off. What is not JSON then is an error that shows its beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from msgspec import Raw, Struct

from otel_bridge.scorer.base import ScorerBusy, ScorerFailed
from otel_bridge.scorer.quoting import message_in, message_of, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Literal

MAX_OUTPUT_BYTES: Final = 1_000_000
"""What a verdict may be as JSON: feedback holds 1 MiB with all that is around it."""
MAX_TOKENS: Final = 1 << 53
BUSY_CODES: Final = frozenset({408, 409, 425, 429, *range(500, 600)})
"""Answers that may be others next time; gateways put such codes inside an answer of status 200, too."""

_FENCE: Final = "```"
_THINKING, _THOUGHT = "<think>", "</think>"

USAGE: Final = (
    ("input_tokens", ("prompt_tokens", "input_tokens")),
    ("output_tokens", ("completion_tokens", "output_tokens")),
    ("total_tokens", ("total_tokens",)),
)
DETAILS: Final = (
    ("cache_read_input_tokens", "prompt_tokens_details", "cached_tokens"),
    ("reasoning_tokens", "completion_tokens_details", "reasoning_tokens"),
)


class Answer(Struct, frozen=True):
    """A verdict as compact JSON, and usage by model as `summary.usage` holds it."""

    output: Raw
    usage: dict[str, dict[str, int]]


def read(body: bytes, *, model: str, reading: Literal["text", "json"] | None) -> Answer:
    """Read the body of a success.

    Raises ScorerFailed naming what is wrong, with the usage where the answer tells it, and ScorerBusy for an
    error inside the body that says so.
    """
    document = _document(body)
    usage = usage_of(document, model)
    try:
        _raise_error(document.get("error"))
        text = _text(document)
        output = (
            _thoughtless(text)
            if reading == "text"
            else _structured(text, must=reading == "json", answer=document)
        )
        return Answer(_compact(output), usage)
    except ScorerFailed as error:
        raise ScorerFailed(str(error), usage=usage or None) from error


def usage_of(document: Mapping[str, Any], model: str) -> dict[str, dict[str, int]]:
    """Return the tokens that an answer tells, by the model that it names; nothing when it tells none."""
    told = document.get("usage")
    if not isinstance(told, dict):
        return {}
    counts = {
        name: next((n for key in keys if (n := _count(told.get(key))) is not None), None)
        for name, keys in USAGE
    }
    for name, group, key in DETAILS:
        details = told.get(group)
        counts[name] = _count(details.get(key)) if isinstance(details, dict) else None
    known = {name: count for name, count in counts.items() if count is not None}
    named = document.get("model")
    return {named if isinstance(named, str) and named else model: {**known, "requests": 1}} if known else {}


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ScorerFailed(f"the model server did not answer with JSON: {message_of(body)!r}") from error
    if not isinstance(document, dict):
        raise ScorerFailed(f"the model server did not answer with an object: {message_of(body)!r}")
    return document


def _raise_error(error: Any) -> None:
    if not error:
        return
    code = error.get("code") if isinstance(error, dict) else None
    text = f"the model server answered with an error: {quoted(message_in(error))}"
    if isinstance(code, int) and code in BUSY_CODES:
        raise ScorerBusy(text)
    raise ScorerFailed(text)


def _text(document: Mapping[str, Any]) -> str:
    choices = document.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    given = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(given, dict):
        raise ScorerFailed("the answer of the model server has no choices[0].message")
    text = _content(given.get("content")) or _arguments(given)
    if text:
        return text
    if given.get("refusal"):
        raise ScorerFailed(f"the model refused: {quoted(str(given['refusal']))}")
    raise ScorerFailed(f"the model said nothing (finish_reason {_finish(document)})")


def _content(content: Any) -> str:
    """Return a text, or the texts of parts one after the other."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def _arguments(given: Mapping[str, Any]) -> str:
    """Return what a function would be called with: a judge with `functions` answers that way."""
    calls = given.get("tool_calls")
    first = calls[0] if isinstance(calls, list) and calls else None
    function = given.get("function_call") or (first.get("function") if isinstance(first, dict) else None)
    found = function.get("arguments") if isinstance(function, dict) else None
    return found if isinstance(found, str) else ""


def _structured(text: str, *, must: bool, answer: Mapping[str, Any]) -> Any:
    """Return the JSON that a text is or holds; the text itself where JSON is no must and there is none."""
    for candidate in _candidates(text.rpartition(_THOUGHT)[2].strip(), must=must):
        try:
            value = orjson.loads(candidate)
        except orjson.JSONDecodeError:
            continue
        if must or isinstance(value, dict | list):
            return value
    if not must:
        return _thoughtless(text)
    cut = ", which was cut off: max_tokens is too small" if _finish(answer) == "length" else ""
    raise ScorerFailed(f"the answer of the model is no JSON{cut}: {quoted(text)!r}")


def _candidates(text: str, *, must: bool) -> Iterator[str]:
    """Yield what may be JSON in a text: all of it, what is fenced, and at last whatever is in brackets."""
    yield text
    _, fence, rest = text.partition(_FENCE)
    if fence:
        for block in (rest.partition(_FENCE)[0], rest.rpartition(_FENCE)[0]):  # JSON may hold fences itself
            language, newline, content = block.partition("\n")
            if newline and (not language.strip() or language.strip().isalnum()):
                yield content
    if must:
        for opening, closing in ("{}", "[]"):
            yield text[text.find(opening) : text.rfind(closing) + 1]


def _thoughtless(text: str) -> str:
    """Return a text without what a model thought aloud before it."""
    thoughts, end, said = text.partition(_THOUGHT)
    return said.strip() if end and thoughts.lstrip().startswith(_THINKING) else text


def _finish(document: Mapping[str, Any]) -> str:
    choices = document.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return str(first.get("finish_reason")) if isinstance(first, dict) else "unknown"


def _compact(output: Any) -> Raw:
    encoded = orjson.dumps(output)
    if len(encoded) > MAX_OUTPUT_BYTES:
        raise ScorerFailed(f"the answer of the model is {len(encoded)} bytes, more than {MAX_OUTPUT_BYTES}")
    return Raw(encoded)


def _count(value: Any) -> int | None:
    whole = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS
    return int(value) if whole else None
