"""Anthropic's messages, whole and as a stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.integration.ledger.answers import sse
from tests.integration.ledger.turn import Turn, next_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.ledger.book import Usage


def turn(body: dict[str, Any]) -> Turn:
    """Decide the answer to a conversation."""
    tools = [tool["name"] for tool in body.get("tools") or []]
    return next_turn(body["model"], tools, any(m["role"] == "assistant" for m in body["messages"]))


def whole(body: dict[str, Any], said: Turn, usage: Usage) -> dict[str, Any]:
    """Return the answer in one piece."""
    blocks = [] if not said.text else [{"type": "text", "text": "".join(said.text)}]
    if said.tool is not None:
        blocks = [_tool_use(said, said.arguments or {})]
    return {
        **_head(body, _input_of(usage) | _output_of(usage)),
        "content": blocks,
        "stop_reason": _stop(said),
    }


def stream(body: dict[str, Any], said: Turn, usage: Usage) -> Iterator[bytes]:
    """Yield the answer in events: the input is counted in the first, the output in the last but one."""
    first = _head(body, _input_of(usage) | {"output_tokens": min(usage.output, 1)})
    yield sse.named({"type": "message_start", "message": first})
    if said.tool is not None:
        delta = {"type": "input_json_delta", "partial_json": json.dumps(said.arguments)}
        yield from _block(_tool_use(said, {}), [delta])
    elif said.text:
        yield from _block(
            {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in said.text]
        )
    last = {"stop_reason": _stop(said), "stop_sequence": None}
    yield sse.named({"type": "message_delta", "delta": last, "usage": _output_of(usage)})
    yield sse.named({"type": "message_stop"})


def _head(body: dict[str, Any], usage: dict[str, int]) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _input_of(usage: Usage) -> dict[str, Any]:
    """The input as Anthropic counts: cached tokens beside `input_tokens`, not in them."""
    return {
        "input_tokens": usage.fresh,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_write,
    }


def _output_of(usage: Usage) -> dict[str, Any]:
    details = {"output_tokens_details": {"thinking_tokens": usage.reasoning}} if usage.reasoning else {}
    return {"output_tokens": usage.output, **details}


def _block(start: dict[str, Any], deltas: list[dict[str, Any]]) -> Iterator[bytes]:
    yield sse.named({"type": "content_block_start", "index": 0, "content_block": start})
    for delta in deltas:
        yield sse.named({"type": "content_block_delta", "index": 0, "delta": delta})
    yield sse.named({"type": "content_block_stop", "index": 0})


def _tool_use(said: Turn, arguments: dict[str, str]) -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_1", "name": said.tool, "input": arguments}


def _stop(said: Turn) -> str:
    return "end_turn" if said.tool is None else "tool_use"
