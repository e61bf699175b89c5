"""Where token counts come from (`contract/otel-mapping.md` §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.translate.readers import MemberCount, as_count
from otel_bridge.translate.sources import Dialect as By
from otel_bridge.translate.sources import Source, ours, weave

if TYPE_CHECKING:
    from collections.abc import Mapping

USAGE: Final = (
    "input_tokens", "output_tokens", "total_tokens", "cache_creation_input_tokens", "cache_read_input_tokens",
    "reasoning_tokens",
)  # fmt: skip
"""The members of an entry of `summary.usage` (§6)."""

AGGREGATED: Final = tuple(f"aggregated_{name}" for name in USAGE)
"""The same, from a span that says they are its children's."""

_LANGFUSE_USAGE: Final = "langfuse.observation.usage_details"
_MLFLOW_USAGE: Final = "mlflow.chat.tokenUsage"


def _members(*names: str) -> tuple[Source, ...]:
    """Return the rows of senders that put all counts into one object, by the names they give this one."""
    read = MemberCount(names)
    return ours(read, (_LANGFUSE_USAGE, By.LANGFUSE), (_MLFLOW_USAGE, By.MLFLOW))


COUNTS: Final[Mapping[str, tuple[Source, ...]]] = {
    "input_tokens": (
        *weave(
            as_count,
            ("gen_ai.usage.input_tokens", By.GENAI),
            ("gen_ai.usage.prompt_tokens", By.OPENLLMETRY),
            ("llm.token_count.prompt", By.OPENINFERENCE),
        ),
        *ours(as_count, ("ai.usage.inputTokens", By.VERCEL)),
        *weave(as_count, ("ai.usage.promptTokens", By.VERCEL)),
        *ours(as_count, ("ai.usage.tokens", By.VERCEL)),
        *_members("input", "prompt_tokens", "input_tokens"),
    ),
    "output_tokens": (
        *weave(
            as_count,
            ("gen_ai.usage.output_tokens", By.GENAI),
            ("gen_ai.usage.completion_tokens", By.OPENLLMETRY),
            ("llm.token_count.completion", By.OPENINFERENCE),
        ),
        *ours(as_count, ("ai.usage.outputTokens", By.VERCEL)),
        *weave(as_count, ("ai.usage.completionTokens", By.VERCEL)),
        *_members("output", "completion_tokens", "output_tokens"),
    ),
    "total_tokens": (
        *ours(as_count, ("gen_ai.usage.total_tokens", By.GENAI)),
        *weave(
            as_count,
            ("llm.usage.total_tokens", By.OPENLLMETRY),
            ("llm.token_count.total", By.OPENINFERENCE),
        ),
        *ours(as_count, ("ai.usage.totalTokens", By.VERCEL)),
        *_members("total", "total_tokens"),
    ),
    "cache_creation_input_tokens": (
        *ours(as_count, ("gen_ai.usage.cache_write.input_tokens", By.GENAI)),
        *weave(as_count, ("gen_ai.usage.cache_creation.input_tokens", By.GENAI)),
        *ours(
            as_count,
            ("gen_ai.usage.cache_creation_input_tokens", By.OPENLLMETRY),
            ("gen_ai.usage.cache_write_input_tokens", By.STRANDS),
            ("llm.token_count.prompt_details.cache_write", By.OPENINFERENCE),
            ("ai.usage.inputTokenDetails.cacheWriteTokens", By.VERCEL),
            ("gen_ai.usage.details.cache_write_tokens", By.PYDANTIC_AI),
        ),
        *_members("cache_creation_input_tokens", "input_cache_creation", "cache_write_input_tokens"),
    ),
    "cache_read_input_tokens": (
        *weave(as_count, ("gen_ai.usage.cache_read.input_tokens", By.GENAI)),
        *ours(
            as_count,
            ("gen_ai.usage.cache_read_input_tokens", By.OPENLLMETRY),
            ("llm.token_count.prompt_details.cache_read", By.OPENINFERENCE),
            ("ai.usage.inputTokenDetails.cacheReadTokens", By.VERCEL),
            ("ai.usage.cachedInputTokens", By.VERCEL),
            ("gen_ai.usage.details.cache_read_tokens", By.PYDANTIC_AI),
        ),
        *_members("cache_read_input_tokens", "input_cached_tokens", "input_cache_read"),
    ),
    "reasoning_tokens": (
        *ours(
            as_count,
            ("gen_ai.usage.reasoning.output_tokens", By.GENAI),
            ("gen_ai.usage.reasoning_tokens", By.OPENLLMETRY),
            ("gen_ai.usage.experimental.reasoning_tokens", By.GOOGLE_ADK),
            ("llm.token_count.completion_details.reasoning", By.OPENINFERENCE),
            ("ai.usage.outputTokenDetails.reasoningTokens", By.VERCEL),
            ("ai.usage.reasoningTokens", By.VERCEL),
            ("gen_ai.usage.details.reasoning_tokens", By.PYDANTIC_AI),
            ("gen_ai.usage.details.thinking_tokens", By.PYDANTIC_AI),
        ),
        *_members("output_reasoning_tokens", "output_reasoning", "reasoning_tokens"),
    ),
}


def aggregated() -> dict[str, tuple[Source, ...]]:
    """Return the same counts under the prefix by which Pydantic AI says that they are sums (§6)."""
    usage, sums = "gen_ai.usage.", "gen_ai.aggregated_usage."
    return {
        f"aggregated_{name}": ours(
            as_count,
            *(
                (sums + row.key.removeprefix(usage), By.PYDANTIC_AI)
                for row in rows
                if row.key.startswith(usage)
            ),
        )
        for name, rows in COUNTS.items()
    }
