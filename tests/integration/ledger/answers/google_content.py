"""Google's generateContent, whole and as a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.integration.ledger.answers import sse
from tests.integration.ledger.turn import Turn, next_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.ledger.book import Usage


def turn(body: dict[str, Any]) -> Turn:
    """Decide the answer to the contents."""
    declared = [f["name"] for tool in body.get("tools") or [] for f in tool.get("functionDeclarations", [])]
    return next_turn(body["model"], declared, any(c.get("role") == "model" for c in body["contents"]))


def whole(body: dict[str, Any], said: Turn, usage: Usage) -> dict[str, Any]:
    """Return the answer in one piece."""
    return _answer(body, _parts(said), usage_of(usage))


def stream(body: dict[str, Any], said: Turn, usage: Usage) -> Iterator[bytes]:
    """Yield the answer in pieces; every piece counts what was used up to it."""
    *early, last = _parts(said) or [{"text": ""}]
    so_far = usage_of(usage) | {"candidatesTokenCount": 1, "thoughtsTokenCount": 1}
    for part in early:
        yield sse.data(_answer(body, [part], so_far, finish=None))
    yield sse.data(_answer(body, [last], usage_of(usage)))


def usage_of(usage: Usage) -> dict[str, int]:
    """Return the usage as Google counts: the cache in the prompt, thoughts beside the candidates."""
    return {
        "promptTokenCount": usage.input,
        "cachedContentTokenCount": usage.cache_read,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "thoughtsTokenCount": usage.reasoning,
        "totalTokenCount": usage.input + usage.output,
    }


def _answer(
    body: dict[str, Any],
    parts: list[dict[str, Any]],
    usage: dict[str, int],
    *,
    finish: str | None = "STOP",
) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
    if finish:
        candidate["finishReason"] = finish
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": body["model"],
        "responseId": "answer-1",
    }


def _parts(said: Turn) -> list[dict[str, Any]]:
    if said.tool is not None:
        return [{"functionCall": {"name": said.tool, "args": said.arguments}}]
    return [{"text": piece} for piece in said.text]
