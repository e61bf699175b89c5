"""Compiles conditions of `query.typed` to SQL, or declines them: then the reference decides (design D6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from otel_bridge.model import query as q
from otel_bridge.model.scoring import SCORED_CALL
from otel_bridge.query import typed as t
from otel_bridge.query.values import NUMBER_TEXT, Kind
from otel_bridge.store.sqlite.fragments import Sql
from otel_bridge.store.sqlite.ids import pack
from otel_bridge.store.sqlite.patterns import holds_text, quoted_in_tree
from otel_bridge.store.sqlite.readings import FAILED, HAS_EXCEPTION, NO_RUN, TREES, json_path, reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_ARGUMENTS: Final = 10_000
"""Values that one condition may hand to SQLite, which takes 32,766 for a statement."""
_MAX_PLACEHOLDERS: Final = 100
_OPERATORS: Final[Mapping[str, str]] = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_IDS: Final = frozenset({"id", "trace_id", "parent_id"})
_NO_EXCEPTION: Final = t.Comparison("eq", t.Read(q.Column("exception"), Kind.EXISTS), t.Fixed(False))
_HAS_FAILED: Final = t.Comparison("eq", t.Read(q.Derived("status"), Kind.TEXT), t.Fixed("error"))
_RARE: Final = ((t.Negation(_NO_EXCEPTION), HAS_EXCEPTION), (_HAS_FAILED, FAILED))
"""Conditions that an index of their own answers, and the SQL that it is found by."""
_NAMES_NO_CALL: Final = t.Comparison(
    "eq", t.Read(q.JsonField("attributes", SCORED_CALL), Kind.TEXT), t.Fixed("")
)
_KEPT: Final = (*_RARE, (_NAMES_NO_CALL, NO_RUN))
"""Conditions whose outcome is kept beside the trees."""


def compiled(condition: t.Condition) -> Sql | None:
    """Return SQL whose value is the outcome of `condition`, NULL for unknown; None to decline."""
    sql = _condition(condition)
    return None if sql is None or len(sql.args) > MAX_ARGUMENTS else sql


def is_rare(condition: t.Condition) -> bool:
    """Tell whether an index holds just the calls for which `condition` may hold."""
    return any(condition == known for known, _ in _RARE)


def _condition(condition: t.Condition) -> Sql | None:
    kept = next((text for known, text in _KEPT if condition == known), None)
    if kept is not None:
        return Sql(kept)
    match condition:
        case t.All(parts=parts):
            return _joined("AND", parts)
        case t.Any(parts=parts):
            return _joined("OR", parts)
        case t.Negation(part=part):
            return _around("(NOT {})", _condition(part))
        case t.Known(outcome=outcome):
            return Sql("NULL") if outcome is None else Sql(str(int(outcome)))
        case t.Comparison():
            return _comparison(condition)
        case t.Absent(value=value):
            return _around("({} IS NULL)", _value(value))
        case t.OneOf(value=value, choices=choices):
            return _one_of(value, choices)
        case t.Substring():
            return _substring(condition)
        case _:
            assert_never(condition)


def _joined(word: str, parts: Sequence[t.Condition]) -> Sql | None:
    """Join in pairs of pairs: SQLite bounds how deep an expression is nested."""
    pieces = [_condition(part) for part in parts]
    while len(pieces) > 1:
        pieces = [_pair(word, pieces[at : at + 2]) for at in range(0, len(pieces), 2)]
    return pieces[0]


def _pair(word: str, pieces: Sequence[Sql | None]) -> Sql | None:
    if len(pieces) == 1:
        return pieces[0]
    one, other = pieces
    if one is None or other is None:
        return None
    return Sql(f"({one.text} {word} {other.text})", one.args + other.args)


def _around(form: str, inner: Sql | None) -> Sql | None:
    return None if inner is None else Sql(form.format(inner.text), inner.args)


def _comparison(condition: t.Comparison) -> Sql | None:
    match condition:
        case t.Comparison(
            op="eq", left=t.Read(field=q.Column(name=name), kind=Kind.TEXT), right=t.Fixed(value=str(value))
        ) if name in _IDS:
            return Sql(f"(c.{name} = ?)", (pack(value),))
        case t.Comparison(op="eq", left=t.Read(kind=Kind.TEXT) as read, right=t.Fixed(value=str(value))):
            quick = _is_text(read.field, (value,))
            if quick is not None:
                return quick
        case _:
            pass
    left, right = _value(condition.left), _value(condition.right)
    if left is None or right is None:
        return None
    return Sql(f"({left.text} {_OPERATORS[condition.op]} {right.text})", left.args + right.args)


def _is_text(field: q.Field, texts: tuple[str, ...]) -> Sql | None:
    """Look for strings at a path of a tree; None where something else could have such a text."""
    if not isinstance(field, q.JsonField) or not field.path or not all(map(_is_plain, texts)):
        return None
    place = json_path(field.path)
    if place is None:
        return None
    tree = TREES[field.root]
    marks = ", ".join("?" for _ in texts)
    found = Sql(f"ifnull({tree} ->> ? IN ({marks}), 0)", (place, *texts))
    first = quoted_in_tree(tree, texts[0]) if len(texts) == 1 else None
    return found if first is None else Sql(f"({first.text} AND {found.text})", first.args + found.args)


def _is_plain(text: str) -> bool:
    return not (
        text in {"", "true", "false", "null"} or text[0] in "{[" or NUMBER_TEXT.fullmatch(text) is not None
    )


def _one_of(value: t.Value, choices: tuple[object, ...]) -> Sql | None:
    match value:
        case t.Read(field=q.Column(name=name), kind=Kind.TEXT) if name in _IDS and choices:
            return _in(Sql(f"c.{name}"), [pack(str(choice)) for choice in choices])
        case t.Read(field=field, kind=Kind.TEXT) if choices:
            texts = tuple(str(choice) for choice in choices)
            quick = _is_text(field, texts) if len(texts) <= _MAX_PLACEHOLDERS else None
            if quick is not None:
                return quick
        case _:
            pass
    read = _value(value)
    if read is None:
        return None
    if not choices:
        return Sql(f"iif({read.text} IS NULL, NULL, 0)", read.args)
    return _in(read, choices)


def _in(value: Sql, choices: Sequence[object]) -> Sql:
    if len(choices) > _MAX_PLACEHOLDERS and all(isinstance(choice, str) for choice in choices):
        together = msgspec.json.encode(choices).decode()
        text = f"({value.text} IN (SELECT value FROM json_each(?)))"  # noqa: S608 - our own words
        return Sql(text, (*value.args, together))
    marks = ", ".join("?" for _ in choices)
    return Sql(f"({value.text} IN ({marks}))", (*value.args, *choices))


def _substring(condition: t.Substring) -> Sql | None:
    match condition:
        case t.Substring(part=t.Fixed(value=None)) | t.Substring(text=t.Fixed(value=None)):
            return Sql("NULL")
        case t.Substring(text=t.Read(field=field, kind=Kind.TEXT), part=t.Fixed(value=str(part)), fold=fold):
            return holds_text(field, part, fold=fold)
        case _:
            return None


def _value(value: t.Value) -> Sql | None:
    match value:
        case t.Fixed(value=None):
            return Sql("NULL")
        case t.Fixed(value=constant):
            return Sql("?", (int(constant) if isinstance(constant, bool) else constant,))
        case t.Read(field=field, kind=kind):
            return reading(field, kind)
        case t.Cast():
            return None
        case t.Truth(condition=condition):
            return _condition(condition)
        case _:
            assert_never(value)
