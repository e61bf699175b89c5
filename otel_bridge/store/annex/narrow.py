"""What an expression says of one column outright, so that an index finds the rows it can match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_bridge.model import query as q

if TYPE_CHECKING:
    from collections.abc import Sequence


def named_texts(operation: q.Operand | None, column: str) -> Sequence[str] | None:
    """Return texts one of which the column must be for the expression to hold; None when any may do."""
    match operation:
        case q.And(operands=operands):
            found = (named_texts(operand, column) for operand in operands)
            return next((texts for texts in found if texts is not None), None)
        case q.Or(operands=operands):
            parts = [named_texts(operand, column) for operand in operands]
            known = [part for part in parts if part is not None]
            return [text for part in known for text in part] if len(known) == len(parts) else None
        case q.Compare(op="eq", left=q.GetField(field=q.Column(name=name)), right=q.Literal(value=str(text))):
            return [text] if name == column else None
        case q.In(operand=q.GetField(field=q.Column(name=name)), choices=choices) if name == column:
            texts = [c.value for c in choices if isinstance(c, q.Literal) and isinstance(c.value, str)]
            return texts if len(texts) == len(choices) else None
        case _:
            return None
