"""Which rows a purge means: Weave takes expressions over `id` only (`contract/weave-api.md` §5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.weave.refusals import reason

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_PURGED: Final = 1000
"""How many ids one request may name."""
_ID: Final = {"$getField": "id"}
_PAIR: Final = 2


def purged_ids(expression: Any, *, operators: Sequence[str]) -> tuple[str, ...]:
    """Return the ids that an expression of these operators names; raise WriteRefused (400)."""
    ids: list[str] = []
    if not _collect(expression, operators, ids):
        raise reason(400, f"query: a purge takes {', '.join(operators)} on id only")
    if len(ids) > MAX_PURGED:
        raise reason(400, f"query names more than {MAX_PURGED} ids")
    return tuple(ids)


def _collect(expression: Any, operators: Sequence[str], ids: list[str]) -> bool:
    """Add the ids to `ids`; tell whether the expression is one that a purge takes."""
    if not isinstance(expression, dict) or len(expression) != 1:
        return False
    (operator, operands), *_ = expression.items()
    if operator not in operators or not isinstance(operands, list):
        return False
    if operator == "$or":
        alternatives = [name for name in operators if name != "$or"]
        return bool(operands) and all(_collect(one, alternatives, ids) for one in operands)
    if len(operands) != _PAIR or operands[0] != _ID:
        return False
    values = operands[1] if operator == "$in" else [operands[1]]
    found = [_literal(value) for value in values] if isinstance(values, list) else [None]
    ids += [value for value in found if value is not None]
    return None not in found


def _literal(value: Any) -> str | None:
    match value:
        case {"$literal": str(text)} if len(value) == 1:
            return text
        case _:
            return None
