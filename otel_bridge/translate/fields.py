"""Which attributes carry which field of a call: one table, the order of a field's rows is its precedence.

A source's key may also name a subtree: `ai.prompt` is present when only `ai.prompt.messages` was sent. The
first source that is present and readable wins (`contract/otel-mapping.md` §4, §5, §6, §8).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from otel_bridge.translate.readers import as_count, as_flag, as_is, as_micros, as_name, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Dialect(StrEnum):
    """Who writes an attribute."""

    GENAI = "gen_ai"
    OPENINFERENCE = "openinference"
    OPENLLMETRY = "openllmetry"
    TRACELOOP = "traceloop"
    VERCEL = "vercel"
    PYDANTIC_AI = "pydantic_ai"
    GOOGLE_ADK = "google_adk"
    MLFLOW = "mlflow"
    LANGFUSE = "langfuse"
    WEAVE = "weave"
    PLAIN = "plain"


class Source(Struct, frozen=True):
    """One attribute that may carry a field."""

    key: str
    dialect: Dialect
    read: Callable[[Any], Any] = as_is


def _sources(read: Callable[[Any], Any], *rows: tuple[str, Dialect]) -> tuple[Source, ...]:
    return tuple(Source(key, dialect, read) for key, dialect in rows)


BLOCK: Final = (
    "system", "kind", "model", "provider", "model_parameters", "operation_name", "response_id",
    "finish_reasons", "agent_name", "agent_id",
)  # fmt: skip
"""The members of a call's `attributes` that are mapped (§5)."""

USAGE: Final = (
    "input_tokens", "output_tokens", "total_tokens", "cache_creation_input_tokens", "cache_read_input_tokens",
)  # fmt: skip
"""The members of an entry of `summary.usage` (§6)."""

OVERRIDES: Final = (
    "display_name", "is_turn", "attributes", "wb_run_id", "wb_run_step", "wb_run_step_end", "started_at",
    "ended_at",
)  # fmt: skip
"""What few spans say about their own call."""

FIELDS: Final[Mapping[str, tuple[Source, ...]]] = {
    "inputs": _sources(
        as_is,
        ("ai.prompt", Dialect.VERCEL),
        ("gen_ai.prompt", Dialect.OPENLLMETRY),
        ("input.value", Dialect.OPENINFERENCE),
        ("mlflow.spanInputs", Dialect.MLFLOW),
        ("gen_ai.input.messages", Dialect.GENAI),
        ("pydantic_ai.all_messages", Dialect.PYDANTIC_AI),
        ("traceloop.entity.input", Dialect.TRACELOOP),
        ("gcp.vertex.agent.tool_call_args", Dialect.GOOGLE_ADK),
        ("gcp.vertex.agent.llm_request", Dialect.GOOGLE_ADK),
        ("input", Dialect.PLAIN),
        ("inputs", Dialect.PLAIN),
    ),
    "output": _sources(
        as_is,
        ("ai.response", Dialect.VERCEL),
        ("gen_ai.completion", Dialect.OPENLLMETRY),
        ("output.value", Dialect.OPENINFERENCE),
        ("gen_ai.output.messages", Dialect.GENAI),
        ("mlflow.spanOutputs", Dialect.MLFLOW),
        ("final_result", Dialect.PYDANTIC_AI),
        ("gen_ai.content.completion", Dialect.OPENLLMETRY),
        ("traceloop.entity.output", Dialect.TRACELOOP),
        ("gcp.vertex.agent.tool_response", Dialect.GOOGLE_ADK),
        ("gcp.vertex.agent.llm_response", Dialect.GOOGLE_ADK),
        ("output", Dialect.PLAIN),
        ("outputs", Dialect.PLAIN),
    ),
    "system": (
        Source("gen_ai.system_instructions", Dialect.GENAI),
        Source("gen_ai.system", Dialect.GENAI, as_name),
        Source("llm.system", Dialect.OPENINFERENCE, as_name),
    ),
    "kind": _sources(
        as_name,
        ("weave.span.kind", Dialect.WEAVE),
        ("traceloop.span.kind", Dialect.TRACELOOP),
        ("openinference.span.kind", Dialect.OPENINFERENCE),
    ),
    "model": _sources(
        as_name,
        ("gen_ai.response.model", Dialect.GENAI),
        ("gen_ai.request.model", Dialect.GENAI),
        ("llm.model_name", Dialect.OPENINFERENCE),
        ("ai.model.id", Dialect.VERCEL),
    ),
    "provider": _sources(
        as_name,
        ("gen_ai.provider.name", Dialect.GENAI),
        ("llm.provider", Dialect.OPENINFERENCE),
        ("ai.model.provider", Dialect.VERCEL),
    ),
    "model_parameters": _sources(
        as_is,
        ("gen_ai.request", Dialect.GENAI),
        ("llm.invocation_parameters", Dialect.OPENINFERENCE),
    ),
    "operation_name": _sources(as_name, ("gen_ai.operation.name", Dialect.GENAI)),
    "response_id": _sources(as_name, ("gen_ai.response.id", Dialect.GENAI)),
    "finish_reasons": _sources(as_is, ("gen_ai.response.finish_reasons", Dialect.GENAI)),
    "agent_name": _sources(as_name, ("gen_ai.agent.name", Dialect.GENAI)),
    "agent_id": _sources(as_name, ("gen_ai.agent.id", Dialect.GENAI)),
    "input_tokens": _sources(
        as_count,
        ("gen_ai.usage.input_tokens", Dialect.GENAI),
        ("gen_ai.usage.prompt_tokens", Dialect.OPENLLMETRY),
        ("llm.token_count.prompt", Dialect.OPENINFERENCE),
        ("ai.usage.promptTokens", Dialect.VERCEL),
    ),
    "output_tokens": _sources(
        as_count,
        ("gen_ai.usage.output_tokens", Dialect.GENAI),
        ("gen_ai.usage.completion_tokens", Dialect.OPENLLMETRY),
        ("llm.token_count.completion", Dialect.OPENINFERENCE),
        ("ai.usage.completionTokens", Dialect.VERCEL),
    ),
    "total_tokens": _sources(
        as_count,
        ("llm.usage.total_tokens", Dialect.OPENLLMETRY),
        ("llm.token_count.total", Dialect.OPENINFERENCE),
    ),
    "cache_creation_input_tokens": _sources(
        as_count, ("gen_ai.usage.cache_creation.input_tokens", Dialect.GENAI)
    ),
    "cache_read_input_tokens": _sources(as_count, ("gen_ai.usage.cache_read.input_tokens", Dialect.GENAI)),
    "thread_id": _sources(
        as_text,
        ("wandb.thread_id", Dialect.WEAVE),
        ("gen_ai.conversation.id", Dialect.GENAI),
        ("gcp.vertex.agent.session_id", Dialect.GOOGLE_ADK),
    ),
    "is_turn": _sources(as_flag, ("wandb.is_turn", Dialect.WEAVE)),
    "display_name": _sources(as_name, ("wandb.display_name", Dialect.WEAVE)),
    "attributes": _sources(as_is, ("wandb.attributes", Dialect.WEAVE)),
    "wb_run_id": _sources(as_name, ("wandb.wb_run_id", Dialect.WEAVE)),
    "wb_run_step": _sources(as_count, ("wandb.wb_run_step", Dialect.WEAVE)),
    "wb_run_step_end": _sources(as_count, ("wandb.wb_run_step_end", Dialect.WEAVE)),
    "started_at": _sources(as_micros, ("langfuse.startTime", Dialect.LANGFUSE)),
    "ended_at": _sources(as_micros, ("langfuse.endTime", Dialect.LANGFUSE)),
    "error_type": _sources(as_name, ("error.type", Dialect.PLAIN)),
}
