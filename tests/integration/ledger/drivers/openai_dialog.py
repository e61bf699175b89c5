"""One conversation with OpenAI's client in all its ways, for the instrumentations of that client."""

from __future__ import annotations

import openai
from opentelemetry import trace
from otlp import QUESTION, WEATHER

MODEL = "gpt-5-mini"
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def talk() -> None:
    """Ask with a tool, in one piece, as a stream, for nothing, for vectors, and where it fails."""
    client = openai.OpenAI(max_retries=0)
    with trace.get_tracer("program").start_as_current_span("a program"):
        use_a_tool(client)
        stream(client)
        question = [{"role": "user", "content": QUESTION}]
        client.chat.completions.create(model="silent-mini", messages=question)
        client.embeddings.create(model="text-embedding-3-small", input=[QUESTION, WEATHER])
        for status in (429, 500):
            try:
                client.chat.completions.create(model=f"broken-{status}", messages=question)
            except openai.APIStatusError as error:
                assert error.status_code == status  # noqa: PT017 - pytest is not here
            else:
                raise AssertionError(f"no error for {status}")


def use_a_tool(client: openai.OpenAI) -> None:
    """Let the model call a tool and tell it the result."""
    messages = [{"role": "user", "content": QUESTION}]
    first = client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL])
    asked = first.choices[0].message
    (call,) = asked.tool_calls
    messages += [asked.model_dump(), {"role": "tool", "tool_call_id": call.id, "content": WEATHER}]
    client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL])


def stream(client: openai.OpenAI) -> None:
    """Read a stream to its end, with the usage in it."""
    pieces = client.chat.completions.create(
        model="gpt-5-nano",
        messages=[{"role": "user", "content": QUESTION}],
        stream=True,
        stream_options={"include_usage": True},
    )
    assert "".join(p.choices[0].delta.content or "" for p in pieces if p.choices) == "It is sunny in Paris."
