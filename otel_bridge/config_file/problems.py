"""What is wrong with a configuration file: each problem with its file and line."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from otel_bridge.parsers import BadSetting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Place: TypeAlias = tuple[str | int, ...]
"""The keys and list positions that lead to a value."""


class Problem(Struct, frozen=True, order=True):
    """One thing that is wrong, and the line it is on, from 1."""

    line: int
    text: str


class BadConfig(BadSetting):
    """A file cannot be used; the message has every problem with its line."""

    def __init__(self, file: str, problems: Iterable[Problem]) -> None:
        super().__init__("; ".join(f"{file}:{one.line}: {one.text}" for one in sorted(set(problems))))


def line_of(place: Place, lines: Mapping[Place, int]) -> int:
    """Return the line of a place, or of the nearest one around it."""
    while place not in lines and place:
        place = place[:-1]
    return lines.get(place, 1)


def spelled(place: Sequence[str | int]) -> str:
    """Write a place as people do: `exporters.weave.endpoint`, `pipelines.traces.receivers[0]`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return what was probably meant, as the end of a sentence."""
    names = sorted(known)
    close = get_close_matches(word, names, 1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there are {', '.join(names)}" if names else ""
