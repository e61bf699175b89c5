"""Substring searches in SQL: exact, literal, and fast where the text lies in a tree.

A tree that does not hold the text cannot hold it at a path either, and GLOB looks through a tree at two or
three times the speed of `instr`. Stored JSON has no escape that need not be (`model.call`), so what is
searched is in the tree as orjson writes it.

GLOB and LIKE stop at every character like the first one of what they look for: a text is searched from one of
its rarer characters on, and where that is found, from its beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from otel_bridge.model.query import JsonField
from otel_bridge.query.values import Kind
from otel_bridge.store.sqlite.fragments import Sql, joined
from otel_bridge.store.sqlite.readings import OBJECTS, TREES, reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otel_bridge.model.query import Field

MAX_PATTERN_BYTES: Final = 1000
"""Longer texts are not looked for in whole trees first; SQLite's limit is 50,000."""
_NUL: Final = "\0"
_COMMON: Final = " etaoinsrhldcumfpgwybvkxjqz"
"""The letters of English by how common they are; other ASCII characters are about as rare as "v"."""
_OTHER: Final = _COMMON.index("v")
_MUCH_RARER: Final = 4
"""By so many places a character must be rarer than the first one, so that looking twice is worth it."""
_LEAST_CHARACTERS: Final = 3
"""Less of a text is found everywhere."""


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
        return _globs(tree, part)
    first = _folded_in_tree(tree, part) if fold else in_tree(tree, part)
    return found if first is None else Sql(f"({first.text} AND {found.text})", (*first.args, *found.args))


def in_tree(tree: str, part: str) -> Sql | None:
    """Tell whether a tree may hold a text that has `part` in it; None for texts that are too long."""
    return _any_spelling(_spellings(part), lambda spelling: _globs(tree, spelling))


def quoted_in_tree(tree: str, whole: str) -> Sql | None:
    """Tell whether a tree may hold a string that is `whole`."""
    return _any_spelling([orjson.dumps(whole).decode()], lambda spelling: _globs(tree, spelling))


def _folded_in_tree(tree: str, part: str) -> Sql | None:
    """Of ASCII only ASCII is made by folding, so a tree of ASCII is searched without folding it."""
    folded = part.casefold()
    other = f"length({tree}) <> octet_length({tree})"
    if not folded.isascii():
        return Sql(f"ifnull({other}, 0)")
    found = _any_spelling(_spellings(folded), lambda spelling: _likes(tree, spelling))
    return None if found is None else Sql(f"({found.text} OR ifnull({other}, 0))", found.args)


def _folded(text: Sql, part: str) -> Sql:
    return Sql(f"(instr(casefold({text.text}), ?) > 0)", (*text.args, part.casefold()))


def _spellings(part: str) -> list[str]:
    """Return how a text is written in JSON: inside a string, or as it is where JSON itself is the text."""
    return [*dict.fromkeys((orjson.dumps(part).decode()[1:-1], part))]


def _any_spelling(spellings: Sequence[str], tests: Callable[[str], Sql]) -> Sql | None:
    if any(len(spelling.encode()) > MAX_PATTERN_BYTES for spelling in spellings):
        return None
    either = joined(" OR ", map(tests, spellings))
    return Sql(f"({either.text})", either.args)


def _globs(tree: str, text: str) -> Sql:
    """Hold where a tree holds `text`; false, never unknown, where there is no tree."""
    return _each(f"ifnull({tree} GLOB ?, 0)", [_glob(part) for part in _from_rare(text)])


def _likes(tree: str, text: str) -> Sql:
    """Hold where a tree holds `text` in any case, likewise."""
    return _each(f"ifnull({tree} LIKE ? ESCAPE '!', 0)", [_like(part) for part in _from_rare(text)])


def _each(test: str, patterns: Sequence[str]) -> Sql:
    return Sql(f"({' AND '.join(test for _ in patterns)})", tuple(patterns))


def _from_rare(text: str) -> list[str]:
    """Return what to look for: the end of `text` from a rare character on, if that helps, then all of it."""
    starts = range(max(1, len(text) - _LEAST_CHARACTERS + 1))
    rarest = max(starts, key=lambda at: _rarity(text[at]))
    if _rarity(text[rarest]) < _rarity(text[0]) + _MUCH_RARER:
        return [text]
    return [text[rarest:], text]


def _rarity(character: str) -> int:
    """Rank a character; SQLite looks for others than those of ASCII in a slower way."""
    if not character.isascii():
        return 0
    place = _COMMON.find(character.lower() if character.isalpha() else character)
    return place if place >= 0 else _OTHER


def _glob(text: str) -> str:
    return "*" + "".join(f"[{c}]" if c in "*?[" else c for c in text) + "*"


def _like(text: str) -> str:
    return "%" + "".join(f"!{c}" if c in "%_!" else c for c in text) + "%"
