"""Names of fields of feedback, prices and rows of tables, for the same language as that of calls.

A tree of such a row is asked for as if it were a remark named like the tree (`FeedbackField`): so one
evaluator serves them all.
"""

from __future__ import annotations

from typing import Final

from otel_bridge.model.query import Column, FeedbackField, Field
from otel_bridge.query.fields import UnknownField, path_of

FEEDBACK_COLUMNS: Final = (
    "id", "project_id", "weave_ref", "creator", "feedback_type", "annotation_ref", "runnable_ref", "call_ref",
    "trigger_ref", "queue_id", "span_agent_name", "span_agent_version", "span_status_code",
    "span_conversation_id", "span_trace_id", "scorer_trace_id", "wb_user_id", "created_at",
)  # fmt: skip
FEEDBACK_TREES: Final = (
    "payload", "scorer_tags", "scorer_tag_reasons", "scorer_tag_confidences", "scorer_ratings",
    "scorer_rating_reasons", "scorer_rating_confidences",
)  # fmt: skip
PRICE_COLUMNS: Final = (
    "id", "pricing_level", "pricing_level_id", "provider_id", "llm_id", "effective_date", "prompt_token_cost",
    "completion_token_cost", "cache_read_input_token_cost", "cache_creation_input_token_cost",
    "prompt_token_cost_unit", "completion_token_cost_unit", "created_by", "created_at",
)  # fmt: skip
ROW: Final = "row"
"""The tree that a row of a table is."""


def feedback_field(name: str) -> Field:
    """Read the name of a field of feedback; raise UnknownField."""
    root, dot, rest = name.partition(".")
    if root in FEEDBACK_TREES:
        return FeedbackField(root, "payload", path_of(name, rest) if dot else ())
    return _column(name, FEEDBACK_COLUMNS)


def price_field(name: str) -> Field:
    """Read the name of a field of a price; raise UnknownField."""
    return _column(name, PRICE_COLUMNS)


def row_field(name: str) -> Field:
    """Read a path into a row of a table; raise UnknownField."""
    return FeedbackField(ROW, "payload", path_of(name, name))


def _column(name: str, known: tuple[str, ...]) -> Field:
    if name not in known:
        raise UnknownField(f"Field {name} is not allowed")
    return Column(name)
