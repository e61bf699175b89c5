"""Which source carries which field of a call: one table, the order of a field's rows is its precedence.

A source's key may also name a subtree: `ai.prompt` is present when only `ai.prompt.messages` was sent. The
first source that is present and readable wins (`contract/otel-mapping.md` §4, §5, §6, §8); attributes come
before events, events before log records. `docs/semconv.md` is this table for readers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.translate import kinds, messages
from otel_bridge.translate.readers import (
    as_count,
    as_flag,
    as_is,
    as_list,
    as_micros,
    as_name,
    as_object,
    as_text,
    unquoted_name,
)
from otel_bridge.translate.sources import Dialect as By
from otel_bridge.translate.sources import Only, Source, Told, ours, told, weave
from otel_bridge.translate.tables.payloads import INPUTS, OUTPUT
from otel_bridge.translate.tables.usage import COUNTS, aggregated

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCK: Final = (
    "system", "system_instructions", "kind", "model", "provider", "model_parameters", "operation_name",
    "response_id", "finish_reasons", "agent_name", "agent_id", "mcp",
)  # fmt: skip
"""The members of a call's `attributes` that are mapped (§5)."""

OVERRIDES: Final = (
    "display_name", "spoken_name", "is_turn", "attributes", "wb_run_id", "wb_run_step", "wb_run_step_end",
    "started_at", "ended_at",
)  # fmt: skip
"""What few spans say about their own call."""

KIND: Final = (
    *weave(
        as_name,
        ("weave.span.kind", By.WEAVE),
        ("traceloop.span.kind", By.TRACELOOP),
        ("openinference.span.kind", By.OPENINFERENCE),
    ),
    *ours(
        as_name,
        ("langsmith.span.kind", By.LANGSMITH),
        ("langfuse.observation.type", By.LANGFUSE),
    ),
    *ours(unquoted_name, ("mlflow.spanType", By.MLFLOW)),
    *ours(kinds.of_operation, ("gen_ai.operation.name", By.GENAI)),
    *ours(kinds.of_vercel, ("ai.operationId", By.VERCEL)),
    *ours(kinds.of_log, ("logfire.span_type", By.LOGFIRE)),
    *ours(kinds.of_operation, ("llm.request.type", By.OPENLLMETRY)),
)

THREAD_ID: Final = weave(
    as_text,
    ("wandb.thread_id", By.WEAVE),
    ("gen_ai.conversation.id", By.GENAI),
    ("gcp.vertex.agent.session_id", By.GOOGLE_ADK),
)

SESSION_ID: Final = ours(
    as_text,
    ("session.id", By.OPENINFERENCE),
    ("langsmith.metadata.thread_id", By.LANGSMITH),
    ("langsmith.metadata.session_id", By.LANGSMITH),
    ("traceloop.association.properties.session_id", By.TRACELOOP),
    ("traceloop.association.properties.thread_id", By.TRACELOOP),
    ("traceloop.association.properties.chat_id", By.TRACELOOP),
    ("ai.telemetry.metadata.sessionId", By.VERCEL),
    ("ai.telemetry.metadata.threadId", By.VERCEL),
    ("langfuse.session.id", By.LANGFUSE),
    ("langfuse.observation.metadata.langfuse_session_id", By.LANGFUSE),
)

FIELDS: Final[Mapping[str, tuple[Source, ...]]] = {
    "inputs": INPUTS,
    "output": OUTPUT,
    "system": weave(as_name, ("gen_ai.system", By.GENAI), ("llm.system", By.OPENINFERENCE)),
    "system_instructions": (
        *weave(as_is, ("gen_ai.system_instructions", By.GENAI)),
        told(Told.EVENTS, messages.system_instructions, "gen_ai.system_instructions", By.GENAI),
        told(Told.LOGS, messages.system_instructions, "gen_ai.system_instructions", By.GENAI),
    ),
    "kind": KIND,
    "model": (
        *weave(
            as_name,
            ("gen_ai.response.model", By.GENAI),
            ("gen_ai.request.model", By.GENAI),
            ("llm.model_name", By.OPENINFERENCE),
            ("ai.model.id", By.VERCEL),
        ),
        *ours(
            as_name,
            ("embedding.model_name", By.OPENINFERENCE),
            ("reranker.model_name", By.OPENINFERENCE),
            ("langfuse.observation.model.name", By.LANGFUSE),
        ),
        *ours(unquoted_name, ("mlflow.llm.model", By.MLFLOW)),
    ),
    "provider": (
        *weave(
            as_name,
            ("gen_ai.provider.name", By.GENAI),
            ("llm.provider", By.OPENINFERENCE),
            ("ai.model.provider", By.VERCEL),
        ),
        *ours(
            as_name,
            ("gen_ai.system", By.GENAI),
            ("llm.system", By.OPENINFERENCE),
            ("langsmith.metadata.ls_provider", By.LANGSMITH),
        ),
        *ours(unquoted_name, ("mlflow.llm.provider", By.MLFLOW)),
    ),
    "model_parameters": (
        *weave(as_is, ("gen_ai.request", By.GENAI), ("llm.invocation_parameters", By.OPENINFERENCE)),
        *ours(
            as_object,
            ("embedding.invocation_parameters", By.OPENINFERENCE),
            ("langfuse.observation.model.parameters", By.LANGFUSE),
        ),
    ),
    "operation_name": weave(as_name, ("gen_ai.operation.name", By.GENAI)),
    "response_id": (
        *weave(as_name, ("gen_ai.response.id", By.GENAI)),
        *ours(as_name, ("ai.response.id", By.VERCEL)),
    ),
    "finish_reasons": (
        *weave(as_is, ("gen_ai.response.finish_reasons", By.GENAI)),
        *ours(
            as_list,
            ("llm.finish_reason", By.OPENINFERENCE),
            ("ai.response.finishReason", By.VERCEL),
            ("anthropic.message.stop_reason", By.ANTHROPIC),
        ),
    ),
    "agent_name": (
        *weave(as_name, ("gen_ai.agent.name", By.GENAI)),
        *ours(as_name, ("agent.name", By.OPENINFERENCE)),
        *ours(as_name, ("agent_name", By.PYDANTIC_AI), only=Only("model_name")),
    ),
    "agent_id": weave(as_name, ("gen_ai.agent.id", By.GENAI)),
    "mcp": ours(as_object, ("mcp", By.MCP)),
    **COUNTS,
    **aggregated(),
    "vercel_operation": ours(as_name, ("ai.operationId", By.VERCEL)),
    "thread_id": THREAD_ID,
    "session_id": SESSION_ID,
    "is_turn": weave(as_flag, ("wandb.is_turn", By.WEAVE)),
    "display_name": weave(as_name, ("wandb.display_name", By.WEAVE)),
    "spoken_name": ours(as_name, ("logfire.msg", By.LOGFIRE)),
    "attributes": weave(as_is, ("wandb.attributes", By.WEAVE)),
    "wb_run_id": weave(as_name, ("wandb.wb_run_id", By.WEAVE)),
    "wb_run_step": weave(as_count, ("wandb.wb_run_step", By.WEAVE)),
    "wb_run_step_end": weave(as_count, ("wandb.wb_run_step_end", By.WEAVE)),
    "started_at": weave(as_micros, ("langfuse.startTime", By.LANGFUSE)),
    "ended_at": weave(as_micros, ("langfuse.endTime", By.LANGFUSE)),
    "error_type": (
        *weave(as_name, ("error.type", By.PLAIN)),
        *ours(as_name, ("langfuse.observation.status_message", By.LANGFUSE)),
    ),
}
"""Field → its sources."""
