"""The examples of docs/semconv.md: attributes of a span, and the parts of its call that they lead to."""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class Example(NamedTuple):
    """A sentence, a span and the members of its call that the sentence is about."""

    says: str
    attributes: dict[str, Any]
    call: dict[str, Any]
    fields: dict[str, Any] = {}  # noqa: RUF012 - never changed
    """Of the span, beside its attributes."""


READING: Final = (
    Example(
        "Dots nest, and a source may be a subtree: everything below its key is its value, which stands under "
        "the source's key.",
        {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "Hi"},
        {"inputs": {"gen_ai.prompt": [{"role": "user", "content": "Hi"}]}},
    ),
    Example(
        "Text that is JSON, an object or a list, is read as what it means; JSON nested deeper than 24 levels "
        "stays text.",
        {"input.value": '{"city": "Oslo"}', "output.value": "{not json"},
        {"inputs": {"input.value": {"city": "Oslo"}}, "output": {"output.value": "{not json"}},
    ),
    Example(
        "Keys 0, 1, 2, … without a gap become a list; with a gap they stay an object. Message lists of "
        "OpenInference become a list either way.",
        {"input.value.0": "a", "input.value.1": "b", "output.value.0": "a", "output.value.2": "c"},
        {"inputs": {"input.value": ["a", "b"]}, "output": {"output.value": {"0": "a", "2": "c"}}},
    ),
    Example(
        "A key that has a value and is the parent of other keys keeps both: its own value is `_value`.",
        {"gen_ai.completion": "text", "gen_ai.completion.role": "assistant"},
        {"output": {"gen_ai.completion": {"_value": "text", "role": "assistant"}}},
    ),
    Example(
        "What is there counts, also 0, false and the empty text; what cannot be read is passed over.",
        {"output.value": "", "gen_ai.usage.input_tokens": "none", "llm.token_count.prompt": 0},
        {
            "output": {"output.value": ""},
            "summary.usage": {"usage": {"input_tokens": 0, "total_tokens": 0}},
        },
    ),
    Example(
        "`output` and `outputs` stand alone, so does an object in `input`, `inputs` or a tool's arguments.",
        {"gen_ai.tool.call.arguments": '{"city": "Oslo"}', "output": [1, 2]},
        {"inputs": {"city": "Oslo"}, "output": [1, 2]},
    ),
    Example(
        "OpenInference's message lists of an LLM come before its `input.value`, without the level `message`.",
        {
            "openinference.span.kind": "LLM",
            "input.value": "ChatMessage(role=user)",
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": "Hi",
        },
        {"inputs": {"llm.input_messages": [{"role": "user", "content": "Hi"}]}},
    ),
    Example(
        "When the span has nothing that Weave maps, the call's attributes are all of the span's, as a tree.",
        {"http.request.method": "GET", "http.route": "/"},
        {"attributes": {"http": {"request": {"method": "GET"}, "route": "/"}}},
    ),
    Example(
        "`wandb.attributes` is merged over the mapped attributes.",
        {"gen_ai.request.model": "m", "wandb.attributes": '{"team": "core"}'},
        {"attributes": {"model": "m", "model_parameters": {"model": "m"}, "team": "core"}},
    ),
)

USAGE: Final = (
    Example(
        "Counts go under the model's name, in one spelling; a total that is not sent is added up.",
        {
            "gen_ai.response.model": "m",
            "gen_ai.usage.prompt_tokens": 7,
            "gen_ai.usage.completion_tokens": "2",
        },
        {"summary.usage": {"m": {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}}},
    ),
    Example(
        "A wrapper's tokens are its children's: they are set apart, so that a trace counts each token once.",
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 7},
        {
            "summary.usage": None,
            "attributes.aggregated_usage": {"input_tokens": 7, "total_tokens": 7},
        },
    ),
)

THREADS: Final = (
    Example(
        "The root span of a thread is a turn.",
        {"session.id": 42},
        {"thread_id": "42", "turn_id": "b7ad6b7169203331"},
    ),
    Example(
        "Other spans of the thread are not.",
        {"session.id": 42},
        {"thread_id": "42", "turn_id": None},
        {"parent_span_id": b"parentid"},
    ),
)
