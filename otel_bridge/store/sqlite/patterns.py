"""Substring searches in SQL: exact, literal, and fast where the text lies in a tree.

A tree that does not hold the text cannot hold it at a path either, and GLOB looks through a tree at two or
three times the speed of `instr`. Stored JSON has no escape that need not be (`model.call`), so what is
searched is in the tree as orjson writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from otel_bridge.model.query import JsonField
from otel_bridge.query.values import Kind
from otel_bridge.store.sqlite.fragments import Sql
from otel_bridge.store.sqlite.readings import OBJECTS, TREES, reading

if TYPE_CHECKING:
    from otel_bridge.model.query import Field

MAX_PATTERN_BYTES: Final = 1000
"""Longer texts are not looked for in whole trees first; SQLite's limit is 50,000."""
_NUL: Final = "\0"


def holds_text(field: Field, part: str, *, fold: bool) -> Sql | None:
    """Tell whether the text of a field holds `part`, unknown where there is no text."""
    if _NUL in part:
        return None
    text = reading(field, Kind.TEXT)
    if text is None:
        return None
    if not part:
        return Sql(f"iif({text.text} IS NULL, NULL, 1)", text.args)
    found = _folded(text, part) if fold else Sql(f"(instr({text.text}, ?) > 0)", (*text.args, part))
    if not isinstance(field, JsonField):
        return found
    tree = TREES[field.root]
    if not fold and not field.path and field.root in OBJECTS and len(part.encode()) < MAX_PATTERN_BYTES:
        return Sql(f"ifnull({tree} GLOB ?, 0)", (_glob(part),))
    first = _folded_in_tree(tree, part) if fold else in_tree(tree, part)
    return found if first is None else Sql(f"({first.text} AND {found.text})", (*first.args, *found.args))


def in_tree(tree: str, part: str) -> Sql | None:
    """Tell whether a tree may hold a text that has `part` in it; None for texts that are too long."""
    return _any_pattern(f"{tree} GLOB ?", [_glob(spelling) for spelling in _spellings(part)])


def quoted_in_tree(tree: str, whole: str) -> Sql | None:
    """Tell whether a tree may hold a string that is `whole`."""
    return _any_pattern(f"{tree} GLOB ?", [_glob(orjson.dumps(whole).decode())])


def _folded_in_tree(tree: str, part: str) -> Sql | None:
    """Of ASCII only ASCII is made by folding, so a tree of ASCII is searched without folding it."""
    folded = part.casefold()
    other = f"length({tree}) <> octet_length({tree})"
    if not folded.isascii():
        return Sql(f"ifnull({other}, 0)")
    found = _any_pattern(f"{tree} LIKE ? ESCAPE '!'", [_like(spelling) for spelling in _spellings(folded)])
    return None if found is None else Sql(f"({found.text} OR ifnull({other}, 0))", found.args)


def _folded(text: Sql, part: str) -> Sql:
    return Sql(f"(instr(casefold({text.text}), ?) > 0)", (*text.args, part.casefold()))


def _spellings(part: str) -> list[str]:
    """Return how a text is written in JSON: inside a string, or as it is where JSON itself is the text."""
    return [*dict.fromkeys((orjson.dumps(part).decode()[1:-1], part))]


def _any_pattern(test: str, patterns: list[str]) -> Sql | None:
    if any(len(pattern.encode()) > MAX_PATTERN_BYTES for pattern in patterns):
        return None
    either = " OR ".join(f"ifnull({test}, 0)" for _ in patterns)
    return Sql(f"({either})", tuple(patterns))


def _glob(text: str) -> str:
    return "*" + "".join(f"[{c}]" if c in "*?[" else c for c in text) + "*"


def _like(text: str) -> str:
    return "%" + "".join(f"!{c}" if c in "%_!" else c for c in text) + "%"
