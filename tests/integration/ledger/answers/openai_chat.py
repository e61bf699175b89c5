"""OpenAI's chat completions and embeddings, whole and as a stream."""

from __future__ import annotations

import base64
import json
import struct
from typing import TYPE_CHECKING, Any

from tests.integration.ledger.answers import sse
from tests.integration.ledger.turn import Turn, next_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.ledger.book import Usage

CREATED = 1_790_000_000
VECTOR = (0.25, -0.5, 0.75)


def turn(body: dict[str, Any]) -> Turn:
    """Decide the answer to a chat."""
    tools = [tool["function"]["name"] for tool in body.get("tools") or []]
    return next_turn(body["model"], tools, any(m["role"] == "assistant" for m in body["messages"]))


def whole(body: dict[str, Any], said: Turn, usage: Usage) -> dict[str, Any]:
    """Return the answer in one piece."""
    message = {"role": "assistant", "content": "".join(said.text) if said.tool is None else None}
    if said.tool is not None:
        message["tool_calls"] = [_call(said)]
    choice = {"index": 0, "message": message, "finish_reason": _finish(said), "logprobs": None}
    return {**_head(body, "chat.completion"), "choices": [choice], "usage": usage_of(usage)}


def stream(body: dict[str, Any], said: Turn, usage: Usage) -> Iterator[bytes]:
    """Yield the answer in events; the usage comes last, without a choice, if it was asked for."""
    head = _head(body, "chat.completion.chunk")
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in said.text]
    if said.tool is not None:
        deltas.append({"tool_calls": [{"index": 0, **_call(said)}]})
    for delta in deltas:
        yield sse.data({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield sse.data({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": _finish(said)}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        yield sse.data({**head, "choices": [], "usage": usage_of(usage)})
    yield b"data: [DONE]\n\n"


def embeddings(body: dict[str, Any], usage: Usage) -> dict[str, Any]:
    """Return a vector for every text."""
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    packed = base64.b64encode(struct.pack(f"<{len(VECTOR)}f", *VECTOR)).decode()
    vector = packed if body.get("encoding_format") == "base64" else list(VECTOR)
    rows = [{"object": "embedding", "index": i, "embedding": vector} for i in range(len(texts))]
    counts = {"prompt_tokens": usage.input, "total_tokens": usage.input}
    return {"object": "list", "model": body["model"], "data": rows, "usage": counts}


def usage_of(usage: Usage) -> dict[str, Any]:
    """Return the usage as OpenAI counts: the details are part of the totals."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning, "audio_tokens": 0},
    }


def _head(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": CREATED, "model": body["model"]}


def _call(said: Turn) -> dict[str, Any]:
    function = {"name": said.tool, "arguments": json.dumps(said.arguments)}
    return {"id": "call_1", "type": "function", "function": function}


def _finish(said: Turn) -> str:
    return "stop" if said.tool is None else "tool_calls"
