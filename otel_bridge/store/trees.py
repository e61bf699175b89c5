"""The few looks a store takes into the JSON trees of a call, all of them when it is written.

Trees come as compact JSON without needless escapes (`model.call`): a key or a ref that is in a tree is in its
bytes as it is. So a look costs a byte search, and only a tree that holds what is searched is parsed.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from otel_bridge.model.scoring import SCORED_CALL
from otel_bridge.model.thresholds import BITS, SAMPLING, told_threshold
from otel_bridge.query.derived import REF_SCHEME
from otel_bridge.query.evaluate import at_path
from otel_bridge.query.values import raw_json, text_of

DERIVED: Final = ("status", "latency_ms", "trace_name", "display_name")
"""Members of `summary.weave` that are derived on read; stored values are discarded (§2.7)."""

_SCORED_BYTES: Final = b'"%b"' % SCORED_CALL[-1].encode()
_SAMPLING_BYTES: Final = b'"%b":{"' % SAMPLING[-1].encode()
THRESHOLD_BITS: Final = 40
"""So many bits of a threshold are kept beside a call."""
_REF_BYTES: Final = b'"weave:///'
_DERIVED_ONLY: Final = re.compile(
    rb',"weave":\{"status":"\w+"(?:,"latency_ms":-?\d+)?,"(?:trace|display)_name":"[^"\\]*"\}\}'
)
"""The end of a summary as our translator writes it: nothing in it would be kept."""
_NO_ERRORS: Final = b'"status_counts":{"success":1,"error":0}}'
"""The end of the summary of a call that went well, as our translator writes it."""
_NONE: Final[frozenset[str]] = frozenset()


class Flag:
    """What the trees of a call hold, kept beside them as bits of one stored number."""

    CHILD_ERRORS: Final = 1
    """`summary.status_counts.error` is above zero."""
    OWN_WEAVE: Final = 2
    """`summary` ends with a member `weave` of its own, never empty."""
    OWN_SPAN: Final = 4
    """`attributes` has a member `otel_span` of its own."""
    FAILED: Final = 8
    """`exception` is not empty."""
    HAS_EXCEPTION: Final = 16
    """`exception` is there, be it empty."""
    SCORES: Final = 32
    """The call is the run of a scorer: `attributes` name a call at `SCORED_CALL`."""
    MISDATED: Final = 64
    """The start cannot be right (`store.clocks`)."""
    LATE: Final = 128
    """The call arrived long after its start (`store.clocks`)."""
    SAMPLED: Final = 1 << 16
    """All bits from this one on: the first 40 of the threshold that kept the call (`model.thresholds`)."""


def clean_summary(summary: bytes) -> bytes:
    """Drop the derived members and put `weave`, if any of it is left, at the end; cleaning twice is once."""
    at = summary.rfind(b',"weave":{')
    if at < 0 and b'"weave"' not in summary:
        return summary
    if _DERIVED_ONLY.fullmatch(summary, at):
        return summary[:at] + b"}"
    tree = orjson.loads(summary)
    if not isinstance(tree, dict) or "weave" not in tree:
        return summary
    weave = tree.pop("weave")
    kept = {k: v for k, v in weave.items() if k not in DERIVED} if isinstance(weave, dict) else {}
    if kept:
        tree["weave"] = kept
    return orjson.dumps(tree)


def flags(*, attributes: bytes | None, summary: bytes | None, exception: str | None) -> int:
    """Look once into the trees of a call; `summary` is clean."""
    found = 0 if exception is None else Flag.HAS_EXCEPTION
    if exception:
        found |= Flag.FAILED
    if summary is not None and not _is_plain(summary):
        found |= _summary_flags(orjson.loads(summary))
    if attributes is not None and b'"otel_span"' in attributes:
        tree = orjson.loads(attributes)
        if isinstance(tree, dict) and "otel_span" in tree:
            found |= Flag.OWN_SPAN
    if attributes is not None and _SCORED_BYTES in attributes:
        found |= Flag.SCORES if text_of(raw_json(at_path(orjson.loads(attributes), SCORED_CALL))) else 0
    if attributes is not None and _SAMPLING_BYTES in attributes:
        threshold = told_threshold(orjson.loads(attributes))
        found |= (threshold >> (BITS - THRESHOLD_BITS)) * Flag.SAMPLED
    return found


def weight(flags: int) -> float:
    """Return how many calls one with these flags stands for, itself included."""
    return (1 << THRESHOLD_BITS) / ((1 << THRESHOLD_BITS) - flags // Flag.SAMPLED)


def _is_plain(summary: bytes) -> bool:
    """Tell, without parsing, of most summaries that they have neither errors nor a member `weave`."""
    counts = summary.count(b'"status_counts"')
    return b'"weave"' not in summary and (not counts or (counts == 1 and summary.endswith(_NO_ERRORS)))


def refs(tree: bytes | None) -> frozenset[str]:
    """Return the refs in a tree: values that are a ref as a whole, at any depth; keys are no refs (§1.1)."""
    if tree is None or _REF_BYTES not in tree:
        return _NONE
    found = set()
    todo = [orjson.loads(tree)]
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
    tree = orjson.loads(attributes)
    tree.pop("otel_span", None)
    return orjson.dumps(tree)


def _summary_flags(tree: Any) -> int:
    found = 0
    if not isinstance(tree, dict):
        return found
    if "weave" in tree:
        found |= Flag.OWN_WEAVE
    counts = tree.get("status_counts")
    errors = counts.get("error") if isinstance(counts, dict) else None
    if isinstance(errors, int | float) and errors > 0:
        found |= Flag.CHILD_ERRORS
    return found
