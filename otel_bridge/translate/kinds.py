"""Kinds of calls (`contract/otel-mapping.md` §5), and which of them repeat their children's tokens (§6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.translate.readers import as_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.model.span import Value

OPERATIONS: Final[Mapping[str, str]] = {
    "chat": "llm",
    "completion": "llm",
    "text_completion": "llm",
    "generate_content": "llm",
    "embedding": "embedding",
    "embeddings": "embedding",
    "execute_tool": "tool",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "invoke_workflow": "workflow",
    "execute_event_loop_cycle": "chain",
    "retrieval": "retriever",
    "rerank": "reranker",
}
"""Operation → kind."""

SPOKEN: Final = frozenset(
    {"agent", "chain", "embedding", "llm", "parser", "prompt", "retriever", "task", "tool", "workflow"}
)
"""Operations that are kinds already, as LangSmith's."""

WRAPPERS: Final = frozenset({"agent", "workflow", "chain"})
"""Kinds whose tokens are their children's, in lower case."""

VERCEL_TOOL: Final = "ai.toolCall"

VERCEL_STEPS: Final[Mapping[str, str]] = {
    "doGenerate": "llm",
    "doStream": "llm",
    "doEmbed": "embedding",
    "doRerank": "reranker",
}
"""The last part of a Vercel operation that calls a model → kind."""


def of_operation(value: Value) -> str | None:
    """Return the kind of a `gen_ai.operation.name`, None for one that is no kind."""
    name = as_name(value)
    if name is None:
        return None
    return OPERATIONS.get(name) or (name if name in SPOKEN else None)


def of_vercel(value: Value) -> str | None:
    """Return the kind of an `ai.operationId`: `llm` calls a model, a `chain` wraps such calls."""
    if type(value) is not str or not value.startswith("ai."):
        return None
    if value == VERCEL_TOOL:
        return "tool"
    return "chain" if is_outer(value) else VERCEL_STEPS.get(value.rpartition(".")[2])


def of_log(value: Value) -> str | None:
    """Return `log` for a Logfire span that is a log line of no length."""
    return "log" if value == "log" else None


def is_outer(operation: str) -> bool:
    """Tell whether a Vercel operation wraps others: `ai.generateText` does, `….doGenerate` does not."""
    return operation.startswith("ai.") and ".do" not in operation and operation != VERCEL_TOOL


def is_wrapper(kind: str | None, operation: str | None) -> bool:
    """Tell whether a span's tokens are those of its children, by its kind or its Vercel operation."""
    return (kind is not None and kind.lower() in WRAPPERS) or (operation is not None and is_outer(operation))
