"""OpenAI's responses, whole and as a stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.integration.ledger.answers import sse
from tests.integration.ledger.answers.openai_chat import CREATED
from tests.integration.ledger.turn import Turn, next_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.ledger.book import Usage

OWN_ITEMS = {"function_call", "function_call_output", "reasoning"}


def turn(body: dict[str, Any]) -> Turn:
    """Decide the answer to an input."""
    items = [] if isinstance(body["input"], str) else body["input"]
    before = any(item.get("type") in OWN_ITEMS or item.get("role") == "assistant" for item in items)
    return next_turn(body["model"], [tool["name"] for tool in body.get("tools") or []], before)


def whole(body: dict[str, Any], said: Turn, usage: Usage) -> dict[str, Any]:
    """Return the answer in one piece."""
    return {
        **_head(body),
        "status": "completed",
        "output": [_item(said)],
        "usage": {
            "input_tokens": usage.input,
            "input_tokens_details": {
                "cached_tokens": usage.cache_read,
                "cache_write_tokens": usage.cache_write,
            },
            "output_tokens": usage.output,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning},
            "total_tokens": usage.input + usage.output,
        },
    }


def stream(body: dict[str, Any], said: Turn, usage: Usage) -> Iterator[bytes]:
    """Yield the answer in events; the usage is in the last one."""
    item, place = _item(said), {"output_index": 0}
    bare = item | ({"arguments": ""} if said.tool else {"content": []})
    started = {**_head(body), "status": "in_progress", "output": [], "usage": None}
    text = {"item_id": item["id"], **place, "content_index": 0}
    events = [
        {"type": "response.created", "response": started},
        {"type": "response.output_item.added", **place, "item": bare},
        *({"type": "response.output_text.delta", **text, "delta": p, "logprobs": []} for p in said.text),
        *_arguments(said, {"item_id": item["id"], **place}),
        {"type": "response.output_item.done", **place, "item": item},
        {"type": "response.completed", "response": whole(body, said, usage)},
    ]
    for number, event in enumerate(events):
        yield sse.named({**event, "sequence_number": number})


def _head(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": CREATED,
        "model": body["model"],
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
        "top_p": 1.0,
    }


def _arguments(said: Turn, place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if said.tool is not None:
        text, kind = json.dumps(said.arguments), "response.function_call_arguments"
        yield {"type": f"{kind}.delta", **place, "delta": text}
        yield {"type": f"{kind}.done", **place, "name": said.tool, "arguments": text}


def _item(said: Turn) -> dict[str, Any]:
    if said.tool is not None:
        arguments = json.dumps(said.arguments)
        call = {"type": "function_call", "call_id": "call_1", "name": said.tool, "arguments": arguments}
        return {"id": "fc_1", "status": "completed", **call}
    part = {"type": "output_text", "text": "".join(said.text), "annotations": [], "logprobs": []}
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
