"""Refs in feedback: which call it is about (`contract/weave-api.md` §4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.query.refs import call_ref

if TYPE_CHECKING:
    from otel_bridge.model.annex import Feedback


def call_of(row: Feedback) -> str | None:
    """Return the id of the call of its own project that feedback is about."""
    prefix = call_ref(row.project_id, "")
    if not row.weave_ref.startswith(prefix):
        return None
    return row.weave_ref.removeprefix(prefix).partition("/")[0] or None
