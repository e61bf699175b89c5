"""One conversation with Anthropic's client in all its ways, for the instrumentations of that client."""

from __future__ import annotations

import anthropic
from opentelemetry import trace
from otlp import QUESTION, WEATHER

MODEL = "claude-opus-5"
TOOL = {
    "name": "get_weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
LIMIT = 1024


def talk() -> None:
    """Ask with a tool, in one piece, as a stream, for nothing, and where it fails."""
    client = anthropic.Anthropic(max_retries=0)
    question = [{"role": "user", "content": QUESTION}]
    with trace.get_tracer("program").start_as_current_span("a program"):
        use_a_tool(client)
        pieces = client.messages.create(
            model="claude-haiku-5", max_tokens=LIMIT, messages=question, stream=True
        )
        assert [piece.type for piece in pieces][-1] == "message_stop"
        client.messages.create(model="silent-haiku", max_tokens=LIMIT, messages=question)
        for status in (429, 500):
            try:
                client.messages.create(model=f"broken-{status}", max_tokens=LIMIT, messages=question)
            except anthropic.APIStatusError as error:
                assert error.status_code == status  # noqa: PT017 - pytest is not here
            else:
                raise AssertionError(f"no error for {status}")


def use_a_tool(client: anthropic.Anthropic) -> None:
    """Let the model call a tool and tell it the result."""
    messages = [{"role": "user", "content": QUESTION}]
    first = client.messages.create(model=MODEL, max_tokens=LIMIT, messages=messages, tools=[TOOL])
    (use,) = first.content
    result = {"type": "tool_result", "tool_use_id": use.id, "content": WEATHER}
    messages += [
        {"role": "assistant", "content": [use.model_dump()]},
        {"role": "user", "content": [result]},
    ]
    client.messages.create(model=MODEL, max_tokens=LIMIT, messages=messages, tools=[TOOL])
