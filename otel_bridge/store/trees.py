"""The few looks a store takes into the JSON trees of a call, all of them when it is written.

Trees come as compact, valid JSON (`model.call`). A look costs a byte search; only a tree that may hold what
is searched, plainly or behind an escape, is parsed.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Any, Final

import msgspec
import orjson

DERIVED: Final = ("status", "latency_ms", "trace_name", "display_name")
"""Members of `summary.weave` that are derived on read; stored values are discarded (§2.7)."""

REF_SCHEME: Final = "weave:///"


class Flag(IntFlag):
    """What the trees of a call hold, kept beside them; the numbers are stored."""

    CHILD_ERRORS = 1
    """`summary.status_counts.error` is above zero."""
    OWN_WEAVE = 2
    """`summary` ends with a member `weave` of its own, never empty."""
    OWN_SPAN = 4
    """`attributes` has a member `otel_span` of its own."""
    FAILED = 8
    """`exception` is not empty."""


def clean_summary(summary: bytes) -> bytes:
    """Drop the derived members and put `weave`, if any of it is left, at the end; cleaning twice is once."""
    if not _may_hold(summary, b'"weave"'):
        return summary
    tree = _parse(summary)
    if not isinstance(tree, dict) or "weave" not in tree:
        return summary
    weave = tree.pop("weave")
    kept = {k: v for k, v in weave.items() if k not in DERIVED} if isinstance(weave, dict) else {}
    if kept:
        tree["weave"] = kept
    return _dump(tree)


def flags(*, attributes: bytes | None, summary: bytes | None, exception: str | None) -> Flag:
    """Look once into the trees of a call; `summary` is clean."""
    found = Flag.FAILED if exception else Flag(0)
    if summary is not None and (_may_hold(summary, b'"weave"') or _may_hold(summary, b'"status_counts"')):
        found |= _summary_flags(_parse(summary))
    if attributes is not None and _may_hold(attributes, b'"otel_span"'):
        tree = _parse(attributes)
        if isinstance(tree, dict) and "otel_span" in tree:
            found |= Flag.OWN_SPAN
    return found


def refs(tree: bytes | None) -> frozenset[str]:
    """Return the refs in a tree: values that are a ref as a whole, at any depth; keys are no refs (§1.1)."""
    if tree is None or not (_may_hold(tree, b"weave:///") or b"\\/" in tree):
        return frozenset()
    found = set()
    todo = [_parse(tree)]
    while todo:
        match todo.pop():
            case str(text) if text.startswith(REF_SCHEME):
                found.add(text)
            case dict(members):
                todo.extend(members.values())
            case list(items):
                todo.extend(items)
            case _:
                pass
    return frozenset(found)


def without_own_span(attributes: bytes) -> bytes:
    """Drop the member `otel_span` of attributes, to make room for the real one."""
    tree = _parse(attributes)
    tree.pop("otel_span", None)
    return _dump(tree)


def _may_hold(tree: bytes, needle: bytes) -> bool:
    return needle in tree or b"\\u00" in tree


def _summary_flags(tree: Any) -> Flag:
    found = Flag(0)
    if not isinstance(tree, dict):
        return found
    if "weave" in tree:
        found |= Flag.OWN_WEAVE
    counts = tree.get("status_counts")
    errors = counts.get("error") if isinstance(counts, dict) else None
    if isinstance(errors, int | float) and errors > 0:
        found |= Flag.CHILD_ERRORS
    return found


def _parse(tree: bytes) -> Any:
    """Parse; a tree too deep or with numbers too large for orjson goes the slower way."""
    try:
        return orjson.loads(tree)
    except orjson.JSONDecodeError:
        try:
            return msgspec.json.decode(tree)
        except (msgspec.DecodeError, RecursionError):
            return None


def _dump(tree: Any) -> bytes:
    try:
        return orjson.dumps(tree)
    except (orjson.JSONEncodeError, RecursionError):
        return msgspec.json.encode(tree)
