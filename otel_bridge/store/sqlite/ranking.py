"""Selects calls with the values they are sorted by, to put the finds of many statements in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.model.query import Column, FeedbackField, JsonField
from otel_bridge.store.sqlite.fragments import Sql, joined
from otel_bridge.store.sqlite.readings import TREES, json_path, json_reading, plain_column, reading, remark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.query.ordering import PlainKey

BODY_COLUMNS: Final = frozenset({"exception"})
"""Columns that lie beside the trees."""


class Ranking:
    """What is selected for some sort keys: `looked_up` of `calls AS c` and its bodies, `values` made of that.

    A tree that several keys look into is looked into once: the keys read what was found there.
    """

    def __init__(self, keys: Sequence[PlainKey]) -> None:
        self._found: dict[Sql, str] = {}
        self._values = [self._value(key) for key in keys]
        self._ways = [key.descending for key in keys]

    def looked_up(self) -> Sql:
        """Return the columns of the inner statement."""
        named = (Sql(f"{piece.text} AS {name}", piece.args) for piece, name in self._found.items())
        return joined(", ", [Sql("c.seq AS seq"), *named])

    def around(self, inner: Sql, limit: int | None) -> Sql:
        """Select (seq, value of each key), in order, from a statement that gives what is `looked_up`.

        The inner limit, which is none, keeps SQLite from looking up again whatever is named twice.
        """
        values = joined(
            ", ", [Sql("seq"), *(Sql(f"{v.text} AS k{n}", v.args) for n, v in enumerate(self._values))]
        )
        ways = ("DESC" if down else "ASC" for down in self._ways)
        order = ", ".join(f"k{at} {way} NULLS LAST" for at, way in enumerate(ways))
        end = -1 if limit is None else limit
        text = f"SELECT {values.text} FROM ({inner.text} LIMIT -1) ORDER BY {order} LIMIT ?"  # noqa: S608 - our own words
        return Sql(text, (*values.args, *inner.args, end))

    def _value(self, key: PlainKey) -> Sql:
        match key.field:
            case JsonField(root=root, path=path) if path:
                place = json_path(path)
                assert place is not None  # else the reference would put the calls in order
                name = self._name(Sql(f"{TREES[root]} -> ?", (place,)))
                value = json_reading(name, (), key.kind)
            case FeedbackField() as field if (found := remark(field)) is not None:
                value = json_reading(self._name(found), (), key.kind)
            case Column(name=column):
                named = f"b.{column}" if column in BODY_COLUMNS else plain_column(column)
                value = Sql(self._name(Sql(named)))
            case field:
                read = reading(field, key.kind)
                assert read is not None
                value = Sql(self._name(read))
        assert value is not None
        return value

    def _name(self, piece: Sql) -> str:
        return self._found.setdefault(piece, f"v{len(self._found)}")
