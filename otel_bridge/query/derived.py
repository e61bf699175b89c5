"""Members of `summary.weave` that nobody stores: derived from the rest (`contract/weave-api.md` §2.7)."""

from __future__ import annotations

from typing import Final

REF_SCHEME: Final = "weave:///"


def status(*, failed: bool, running: bool, child_errors: bool) -> str:
    """Tell how a call went; the same order in answers and in filters."""
    if failed:
        return "error"
    if running:
        return "running"
    return "descendant_error" if child_errors else "success"


def latency_ms(started_at: int, ended_at: int | None) -> int | None:
    """Return whole milliseconds between two times in microseconds, None while a call runs."""
    return None if ended_at is None else (ended_at - started_at) // 1000


def trace_name(op_name: str) -> str:
    """Take the name out of an op ref (`weave:///entity/project/op/name:digest`), or the op's plain name."""
    if not op_name.startswith(REF_SCHEME):
        return op_name
    parts = op_name.removeprefix(REF_SCHEME).split("/", 3)
    if len(parts) < 4 or parts[2] != "op":  # noqa: PLR2004 - entity, project, kind, name:digest
        return op_name
    return parts[3].partition(":")[0] or op_name
