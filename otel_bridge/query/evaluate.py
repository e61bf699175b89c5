"""The reference meaning of an expression, one call at a time (design D6): True, False, None for unknown."""

from __future__ import annotations

import operator
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, assert_never

from otel_bridge.model import query as q
from otel_bridge.query import typed as t
from otel_bridge.query.fields import MULTIPLE
from otel_bridge.query.values import MISSING, READ, raw_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from otel_bridge.query.values import Raw


class Remark(Protocol):
    """What is asked of one entry of feedback: its parsed payload, and the refs it carries."""

    @property
    def payload(self) -> Any: ...
    @property
    def runnable_ref(self) -> str | None: ...
    @property
    def trigger_ref(self) -> str | None: ...


class Call(Protocol):
    """What is asked of one call; trees are parsed when they are asked for."""

    def column(self, name: str) -> Raw:
        """Return a plain member: text, a whole number, an `Instant` or None."""

    def derived(self, name: str) -> Raw:
        """Return a derived member."""

    def reached(self, root: q.JsonRoot, path: Sequence[str | int]) -> Raw:
        """Return what lies at a path of a tree, refs on the way replaced where the query says so."""

    def remarks(self, kind: str) -> Sequence[Remark]:
        """Return the feedback of one type ("*" is any), the newest first."""


Test: TypeAlias = "Callable[[Call], bool | None]"
_Get: TypeAlias = "Callable[[Call], Any]"
_Leaf: TypeAlias = "Callable[..., bool | None]"

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def reference(condition: t.Condition) -> Test:
    """Return the test that decides `condition` for a call."""
    match condition:
        case t.All(parts=parts):
            return partial(_all, tuple(map(reference, parts)))
        case t.Any(parts=parts):
            return partial(_any, tuple(map(reference, parts)))
        case t.Negation(part=part):
            return partial(_not, reference(part))
        case t.Known(outcome=outcome):
            return lambda _call: outcome
        case t.Comparison(op=op, left=left, right=right):
            return _leaf(partial(_compared, _OPERATORS[op]), left, right)
        case t.Absent(value=value):
            return _leaf(_absent, value)
        case t.OneOf(value=value, choices=choices):
            return _leaf(partial(_one_of, frozenset(choices)), value)
        case t.Substring(text=text, part=part, fold=fold):
            return _leaf(_folded if fold else _contained, text, part)
        case _:
            assert_never(condition)


def raw(call: Call, field: q.Field) -> Raw:
    """Return what a field holds, of several entries of feedback the newest."""
    match field:
        case q.Column(name=name):
            return call.column(name)
        case q.JsonField(root=root, path=path):
            return raw_json(call.reached(root, path))
        case q.Derived(name=name):
            return call.derived(name)
        case q.FeedbackField(feedback_type=kind):
            entries = call.remarks(kind)
            return _remark(entries[0], field) if entries else MISSING
        case _:
            assert_never(field)


def at_path(tree: Any, path: Sequence[str | int]) -> Any:
    """Return what lies at a path, None when there is nothing; an index finds no member of an object."""
    for step in path:
        match tree:
            case dict() if isinstance(step, str):
                tree = tree.get(step)
            case list() if isinstance(step, int):
                tree = tree[step] if step < len(tree) else None
            case _:
                return None
    return tree


def _leaf(decide: _Leaf, *values: t.Value) -> Test:
    if any(_is_multiple(value) for value in values):
        return partial(_some, decide, tuple(map(_alternatives, values)))
    getters = tuple(map(_getter, values))
    return lambda call: decide(*(get(call) for get in getters))


def _some(decide: _Leaf, getters: tuple[_Get, ...], call: Call) -> bool | None:
    """Hold when any combination of entries does."""
    return _first_true(decide(*chosen) for chosen in product(*(get(call) for get in getters)))


def _is_multiple(value: t.Value) -> bool:
    match value:
        case t.Read(field=q.FeedbackField(feedback_type=kind)):
            return kind in MULTIPLE
        case t.Cast(value=inner):
            return _is_multiple(inner)
        case _:
            return False


def _alternatives(value: t.Value) -> _Get:
    """Return the getter of every value this may be."""
    match value:
        case t.Read(field=q.FeedbackField() as field, kind=kind) if field.feedback_type in MULTIPLE:
            read = READ[kind]
            return lambda call: (
                [read(_remark(e, field)) for e in call.remarks(field.feedback_type)] or [read(MISSING)]
            )
        case t.Cast(value=inner, kind=kind):
            every, again = _alternatives(inner), READ[kind]
            return lambda call: [again(value) for value in every(call)]
        case _:
            get = _getter(value)
            return lambda call: [get(call)]


def _getter(value: t.Value) -> _Get:
    match value:
        case t.Fixed(value=constant):
            return lambda _call: constant
        case t.Read(field=field, kind=kind):
            read = READ[kind]
            return lambda call: read(raw(call, field))
        case t.Cast(value=inner, kind=kind):
            get, again = _getter(inner), READ[kind]
            return lambda call: again(get(call))
        case t.Truth(condition=condition):
            return reference(condition)
        case _:
            assert_never(value)


def _remark(entry: Remark, field: q.FeedbackField) -> Raw:
    match field.member:
        case "payload":
            return raw_json(at_path(entry.payload, field.path))
        case "runnable_ref":
            return raw_json(entry.runnable_ref)
        case _:
            return raw_json(entry.trigger_ref)


def _all(parts: tuple[Test, ...], call: Call) -> bool | None:
    outcome: bool | None = True
    for part in parts:
        held = part(call)
        if held is False:
            return False
        outcome = outcome and held
    return outcome


def _any(parts: tuple[Test, ...], call: Call) -> bool | None:
    return _first_true(part(call) for part in parts)


def _first_true(outcomes: Any) -> bool | None:
    outcome: bool | None = False
    for held in outcomes:
        if held:
            return True
        if held is None:
            outcome = None
    return outcome


def _not(part: Test, call: Call) -> bool | None:
    held = part(call)
    return None if held is None else not held


def _compared(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else compare(left, right)


def _absent(value: Any) -> bool:
    return value is None


def _one_of(choices: frozenset[Any], value: Any) -> bool | None:
    return None if value is None else value in choices


def _contained(text: str | None, part: str | None) -> bool | None:
    return None if text is None or part is None else part in text


def _folded(text: str | None, part: str | None) -> bool | None:
    return None if text is None or part is None else part.casefold() in text.casefold()
