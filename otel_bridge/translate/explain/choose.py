"""Which source gave a field and which lost: asked of the same lookup that translates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from otel_bridge.translate.explain.report import Field, Lost, Said
from otel_bridge.translate.explain.words import of_condition, of_reader
from otel_bridge.translate.fields import FIELDS
from otel_bridge.translate.listen import ROWS as SPOKEN
from otel_bridge.translate.payload import told as under_key
from otel_bridge.translate.payload import wrapped
from otel_bridge.translate.sources import Told
from otel_bridge.translate.tree import BRACKETS, parsed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otel_bridge.model.span import Attributes
    from otel_bridge.translate.listen import Listener
    from otel_bridge.translate.lookup import Found, Place
    from otel_bridge.translate.sources import Source

PAYLOADS = frozenset({"inputs", "output"})
"""The fields whose value stands under its source's key."""


class Chooser:
    """Explains fields of one span; `attributes` are those of the span, `found` what they offer."""

    def __init__(self, attributes: Attributes, found: Found, listener: Listener) -> None:
        self._attributes = attributes
        self._found = found
        self._listener = listener

    def field(self, name: str, path: tuple[str, ...], *, more: str = "") -> Field | None:
        """Return what the first source gives that is there, None when no source is; `more` ends the rule."""
        found = self._found
        place, value = found.first(found.shape.fields.get(name, ()))
        if place is None:
            return self._spoken(name, path, more)
        row = row_of(name, place)
        if name in PAYLOADS:
            value = orjson.loads(wrapped(place.key, orjson.dumps(value), place.wrap))
        return Field(
            path=path,
            value=value,
            said=said(row),
            rule=_rule(name, row) + more,
            lost=(*self._lost(name, place), *self._unheard(name)),
            used=used_keys(self._attributes, place.key),
        )

    def lost(self, name: str) -> tuple[Lost, ...]:
        """Return the sources of a field that are there and cannot be read."""
        return self._lost(name, None)

    def _spoken(self, name: str, path: tuple[str, ...], more: str) -> Field | None:
        if name not in SPOKEN:
            return None
        row, value = self._listener.first(name)
        if row is None:
            return None
        if name in PAYLOADS:
            value = orjson.loads(under_key(row.key, value))
        return Field(
            path=path, value=value, said=said(row), rule=_rule(name, row) + more, lost=self._lost(name, None)
        )

    def _lost(self, name: str, winner: Place | None) -> tuple[Lost, ...]:
        """Return the other sources that the attributes offer, but those that would say the same once more."""
        lost, later = [], False
        taken: set[str] = set() if winner is None else {*used_keys(self._attributes, winner.key)}
        for place in self._found.shape.fields.get(name, ()):
            if place is winner:
                later = True
                continue
            keys = used_keys(self._attributes, place.key)
            if not later or not taken.issuperset(keys):
                lost.append(Lost(said(row_of(name, place)), self._why(name, place, later=later)))
                taken.update(keys)
        return tuple(lost)

    def _why(self, name: str, place: Place, *, later: bool) -> str:
        row = row_of(name, place)
        if place.only is not None and not self._found.holds(place.only):
            return f"counts only {of_condition(place.only)}"
        if self._found.value(place) is None:
            return f"what it holds is not {of_reader(row.read)}"
        return "comes later" if later else "comes first"

    def _unheard(self, name: str) -> Iterable[Lost]:
        """Yield what events and log records tell of a field that the attributes have."""
        for row in SPOKEN.get(name, ()):
            if row.read(self._listener.events(row.told)) is not None:
                yield Lost(said(row), "comes later")


def said(row: Source) -> Said:
    """Return a row of the tables as an explanation names it."""
    return Said(key=row.key, told=str(row.told), dialect=str(row.dialect), ours=row.ours)


def row_of(field: str, place: Place) -> Source:
    """Return the row of the tables that a place comes from: no two rows have key and condition in common."""
    return next(
        row
        for row in FIELDS[field]
        if row.told is Told.ATTRIBUTES and row.key == place.key and row.only == place.only
    )


def used_keys(attributes: Attributes, key: str) -> tuple[str, ...]:
    """Return the attributes that a source's key reads: itself, those below it, and objects above it."""
    return tuple(
        name
        for name, value in attributes.items()
        if name == key
        or name.startswith(key + ".")
        or (key.startswith(name + ".") and type(_tree(value)) is dict)
    )


def _tree(value: Any) -> Any:
    return parsed(value) if type(value) is str and value[:1] in BRACKETS else value


def _rule(name: str, row: Source) -> str:
    rows = FIELDS[name]
    where = "" if row.told is Told.ATTRIBUTES else f", told in {row.told}"
    if len(rows) == 1:
        return f"the only source of {name}{where}"
    return f"source {rows.index(row) + 1} of {len(rows)} of {name}, the first that is there{where}"
