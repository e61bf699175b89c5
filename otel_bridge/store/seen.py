"""A stored call as the reference meaning of an expression sees it (`query.evaluate.Call`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson

from otel_bridge.query.derived import latency_ms, trace_name
from otel_bridge.query.evaluate import at_path
from otel_bridge.query.fields import INSTANTS, SPAN
from otel_bridge.query.values import Instant
from otel_bridge.store.lines import status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otel_bridge.model.query import JsonRoot
    from otel_bridge.query.evaluate import Remark
    from otel_bridge.query.values import Raw
    from otel_bridge.store.expanding import Expander
    from otel_bridge.store.lines import Line

Remarks: TypeAlias = "Callable[[str, str], Sequence[Remark]]"
"""Looks up the feedback of one type ("*" is any) on the call of an id, the newest first."""

_NOWHERE: Final = frozenset({"deleted_at", "expire_at", "annotation_queue_items.queue_id"})
"""Members that no visible call has."""


def no_remarks(_call_id: str, _kind: str) -> Sequence[Remark]:
    """Know of no feedback."""
    return ()


class SeenCall:
    """One call; each of its trees is parsed once, when it is first asked for."""

    __slots__ = ("_expander", "_line", "_remarks", "_trees")

    def __init__(self, line: Line, remarks: Remarks = no_remarks, expander: Expander | None = None) -> None:
        self._line = line
        self._remarks = remarks
        self._expander = expander
        self._trees: dict[str, Any] = {}

    def column(self, name: str) -> Raw:
        """Return a plain member."""
        if name in _NOWHERE:
            return None
        value = getattr(self._line, name)
        return Instant(value) if name in INSTANTS and value is not None else value

    def derived(self, name: str) -> Raw:
        """Return a derived member."""
        line = self._line
        match name:
            case "status":
                return status_of(line)
            case "latency_ms":
                return latency_ms(line.started_at, line.ended_at)
            case _:
                return line.display_name or trace_name(line.op_name)

    def reached(self, root: JsonRoot, path: Sequence[str | int]) -> Raw:
        """Return what lies at a path of a tree; the whole span lies in the attributes, as in answers."""
        if root == "attributes" and self._line.otel_span is not None and tuple(path[:1]) == (SPAN,):
            return at_path(self._tree(SPAN), path[1:])
        tree = self._tree(root)
        return at_path(tree, path) if self._expander is None else self._expander.reached(root, tree, path)

    def remarks(self, kind: str) -> Sequence[Remark]:
        """Return the feedback of one type."""
        return self._remarks(self._line.id, kind)

    def _tree(self, root: str) -> Any:
        if root not in self._trees:
            text = getattr(self._line, root)
            self._trees[root] = None if text is None else orjson.loads(text)
        return self._trees[root]
