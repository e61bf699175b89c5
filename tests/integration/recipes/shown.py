"""Calls as the pages show them: a tree of names with kind, model and tokens, and where content came from."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

INDENT = "    "


def drawn(calls: Sequence[dict[str, Any]]) -> str:
    """Draw the calls, each below its parent, siblings in the order of their start."""
    known = {call["id"] for call in calls}
    below = defaultdict(list)
    for call in sorted(calls, key=lambda call: call["started_at"]):
        below[call["parent_id"] if call["parent_id"] in known else None].append(call)
    return "".join(f"{line}\n" for line in _lines(below, None, 0))


def _lines(below: dict[str | None, list[dict[str, Any]]], parent: str | None, depth: int) -> Iterator[str]:
    for call in below[parent]:
        yield INDENT * depth + _facts(call)
        for member in ("inputs", "output"):
            if isinstance(call[member], dict) and call[member]:
                yield INDENT * depth + f"  {member}: {', '.join(call[member])}"
        yield from _lines(below, call["id"], depth + 1)


def _facts(call: dict[str, Any]) -> str:
    facts = [call["op_name"], call["attributes"].get("kind"), call["attributes"].get("model")]
    facts += [
        f"{usage['input_tokens']} → {usage.get('output_tokens', 0)} tokens"
        for usage in call["summary"].get("usage", {}).values()
    ]
    status = call["summary"]["weave"]["status"]
    return "  ".join(str(fact) for fact in [*facts, status if status != "success" else None] if fact)
