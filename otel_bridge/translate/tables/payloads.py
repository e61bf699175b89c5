"""Where a call's `inputs` and `output` come from (`contract/otel-mapping.md` §4)."""

from __future__ import annotations

from typing import Final

from otel_bridge.translate import messages
from otel_bridge.translate.readers import as_is, unquoted
from otel_bridge.translate.sources import Dialect as By
from otel_bridge.translate.sources import Only, Source, Told, Wrap, ours, told, weave

_IS_LLM: Final = Only("openinference.span.kind", frozenset({"llm"}))
_AUTOGEN: Final = Only("messaging.operation")
_LOGFIRE: Final = Only("logfire.span_type")
_PYDANTIC_AI: Final = Only("gen_ai.request.model")

_rebuilt = messages.WithoutLevel("message")
_documents = messages.WithoutLevel("document")


def _rebuilt_messages(key: str, only: Only | None = None) -> Source:
    return Source(key=key, dialect=By.OPENINFERENCE, read=_rebuilt, only=only, ours=True)


def _tool_arguments(key: str, dialect: By) -> Source:
    return Source(key=key, dialect=dialect, wrap=Wrap.UNLESS_OBJECT, ours=True)


INPUTS: Final = (
    *weave(as_is, ("ai.prompt", By.VERCEL), ("gen_ai.prompt", By.OPENLLMETRY)),
    _rebuilt_messages("llm.input_messages", _IS_LLM),
    *weave(
        as_is,
        ("input.value", By.OPENINFERENCE),
    ),
    *weave(unquoted, ("mlflow.spanInputs", By.MLFLOW)),
    *weave(
        as_is,
        ("gen_ai.input.messages", By.GENAI),
        ("pydantic_ai.all_messages", By.PYDANTIC_AI),
        ("traceloop.entity.input", By.TRACELOOP),
        ("gcp.vertex.agent.tool_call_args", By.GOOGLE_ADK),
        ("gcp.vertex.agent.llm_request", By.GOOGLE_ADK),
    ),
    Source(key="input", dialect=By.PLAIN, wrap=Wrap.UNLESS_OBJECT),
    Source(key="inputs", dialect=By.PLAIN, wrap=Wrap.UNLESS_OBJECT),
    _tool_arguments("gen_ai.tool.call.arguments", By.GENAI),
    _tool_arguments("tool_arguments", By.PYDANTIC_AI),
    _tool_arguments("gen_ai.tool.args", By.GENAI),
    *ours(
        as_is,
        ("gen_ai.retrieval.query.text", By.GENAI),
        ("gen_ai.task.input", By.OPENLLMETRY),
        ("ai.toolCall.args", By.VERCEL),
        ("ai.values", By.VERCEL),
        ("ai.value", By.VERCEL),
    ),
    _rebuilt_messages("llm.input_messages"),
    *ours(as_is, ("llm.prompts", By.OPENINFERENCE)),
    *ours(messages.OnlyMember("embedding", "text"), ("embedding.embeddings", By.OPENINFERENCE)),
    *ours(as_is, ("reranker.query", By.OPENINFERENCE)),
    *ours(as_is, ("request_data", By.LOGFIRE), only=_LOGFIRE),
    *ours(as_is, ("langfuse.observation.input", By.LANGFUSE)),
    *ours(as_is, ("message", By.AUTOGEN), only=_AUTOGEN),
    *ours(messages.listed_inputs, ("all_messages_events", By.PYDANTIC_AI)),
    *ours(messages.listed_inputs, ("events", By.PYDANTIC_AI), only=_PYDANTIC_AI),
    told(Told.EVENTS, messages.input_messages, "gen_ai.input.messages", By.GENAI),
    told(Told.LOGS, messages.input_messages, "gen_ai.input.messages", By.GENAI),
)

OUTPUT: Final = (
    *weave(as_is, ("ai.response", By.VERCEL), ("gen_ai.completion", By.OPENLLMETRY)),
    _rebuilt_messages("llm.output_messages", _IS_LLM),
    *weave(
        as_is,
        ("output.value", By.OPENINFERENCE),
        ("gen_ai.output.messages", By.GENAI),
    ),
    *weave(unquoted, ("mlflow.spanOutputs", By.MLFLOW)),
    *weave(
        as_is,
        ("final_result", By.PYDANTIC_AI),
        ("gen_ai.content.completion", By.OPENLLMETRY),
        ("traceloop.entity.output", By.TRACELOOP),
        ("gcp.vertex.agent.tool_response", By.GOOGLE_ADK),
        ("gcp.vertex.agent.llm_response", By.GOOGLE_ADK),
    ),
    Source(key="output", dialect=By.PLAIN, wrap=Wrap.NEVER),
    Source(key="outputs", dialect=By.PLAIN, wrap=Wrap.NEVER),
    *ours(
        as_is,
        ("gen_ai.tool.call.result", By.GENAI),
        ("tool_response", By.PYDANTIC_AI),
        ("gen_ai.retrieval.documents", By.GENAI),
    ),
    *ours(_documents, ("retrieval.documents", By.OPENINFERENCE)),
    *ours(
        as_is,
        ("gen_ai.task.output", By.OPENLLMETRY),
        ("ai.toolCall.result", By.VERCEL),
        ("ai.embeddings", By.VERCEL),
        ("ai.embedding", By.VERCEL),
    ),
    _rebuilt_messages("llm.output_messages"),
    *ours(messages.OnlyMember("embedding", "vector"), ("embedding.embeddings", By.OPENINFERENCE)),
    *ours(_documents, ("reranker.output_documents", By.OPENINFERENCE)),
    *ours(as_is, ("response_data", By.LOGFIRE), only=_LOGFIRE),
    *ours(as_is, ("langfuse.observation.output", By.LANGFUSE)),
    *ours(messages.listed_output, ("all_messages_events", By.PYDANTIC_AI)),
    *ours(messages.listed_output, ("events", By.PYDANTIC_AI), only=_PYDANTIC_AI),
    told(Told.EVENTS, messages.output_messages, "gen_ai.output.messages", By.GENAI),
    told(Told.LOGS, messages.output_messages, "gen_ai.output.messages", By.GENAI),
)
