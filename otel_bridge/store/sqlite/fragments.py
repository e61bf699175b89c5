"""SQL in pieces: text, and the values that travel beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable


class Sql(Struct, frozen=True):
    """A piece of SQL; `text` never holds a value or a name from outside."""

    text: str
    args: tuple[Any, ...] = ()


def joined(separator: str, pieces: Iterable[Sql]) -> Sql:
    """Join pieces, and their values in the same order."""
    kept = tuple(pieces)
    text = separator.join(piece.text for piece in kept)
    return Sql(text, tuple(arg for piece in kept for arg in piece.args))
