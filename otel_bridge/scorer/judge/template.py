"""Prompts with placeholders: `{output}`, `{question}`, `{inputs[messages][0].content}`.

The grammar is that of Python's format strings, as Weave's prompts use it: doubled braces are braces, a dot
or brackets lead into a value, `:` precedes a format, `!r` asks for JSON. Unlike Python's, a placeholder reads
JSON trees only, never attributes of objects, and a dotted name finds a member whose own name has dots
(`{input.value}`). Texts are filled in as they are, all other values as compact JSON.
"""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING, Any, Final

import orjson
from msgspec import Struct

from otel_bridge.scorer.base import ScorerFailed, Unusable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_PROMPT_BYTES: Final = 8 << 20
"""What all messages of a prompt may be together, filled in."""
MAX_PLACEHOLDERS: Final = 1_000
"""In one text."""
SHOWN_CHARACTERS: Final = 60
"""How much of a placeholder or of a list of names an error shows."""

MAX_FIELD_CHARACTERS: Final = 1_000
"""Of what stands in one placeholder."""

_FIELD: Final = re.compile(r"[^.\[\]\s\"'{}]+(?:\[[^\[\]]+\]|\.[^.\[\]\s\"'{}]+)*")
_STEP: Final = re.compile(r"\[([^\[\]]+)\]|\.?([^.\[\]]+)")
_FORMAT: Final = re.compile(r"(?:.?[<>=^])?[-+ ]?z?#?0?\d{0,4}[,_]?(?:\.\d{1,3})?[bcdeEfFgGosxX%]?")
"""Widths are bounded: a format must not write more than its reader asked for."""
_formatter: Final = Formatter()


class Placeholder(Struct, frozen=True):
    """Where a value goes: `steps` lead to it, `quoted` quotes texts too, `layout` is a format or empty."""

    written: str
    steps: tuple[str, ...]
    quoted: bool = False
    layout: str = ""


class Room:
    """What may still be filled in; the texts of one prompt share it."""

    def __init__(self, characters: int = MAX_PROMPT_BYTES) -> None:
        self._left = characters

    def take(self, text: str) -> str:
        """Return the text; raise ScorerFailed when there is no room for it."""
        self._left -= len(text)
        if self._left < 0:
            raise ScorerFailed(f"the prompt is larger than {MAX_PROMPT_BYTES} bytes")
        return text


class Template:
    """A text with placeholders; raises Unusable for one that cannot be read."""

    def __init__(self, text: str) -> None:
        self._parts: Final = tuple(_parts(text))

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What values are looked for, in order, without those that are there twice."""
        return tuple(dict.fromkeys(one.written for one in self._parts if isinstance(one, Placeholder)))

    def fill(self, values: Mapping[str, Any], room: Room | None = None) -> str:
        """Return the text with its values; raise ScorerFailed naming one that is missing or does not fit."""
        room = room or Room()
        pieces = (part if isinstance(part, str) else _text(part, values) for part in self._parts)
        return "".join(map(room.take, pieces))


def _parts(text: str) -> list[str | Placeholder]:
    parts: list[str | Placeholder] = []
    try:
        for literal, field, layout, conversion in _formatter.parse(text):
            if literal:
                parts.append(literal)
            if field is not None:
                parts.append(_placeholder(field, layout or "", conversion))
    except ValueError as error:
        raise Unusable(f"the prompt cannot be read: {error}; write {{{{ and }}}} for braces") from error
    if len(parts) > 2 * MAX_PLACEHOLDERS:
        raise Unusable(f"the prompt has more than {MAX_PLACEHOLDERS} placeholders")
    return parts


def _placeholder(field: str, layout: str, conversion: str | None) -> Placeholder:
    shown = _cut(field[:MAX_FIELD_CHARACTERS])
    if len(field) > MAX_FIELD_CHARACTERS or _FIELD.fullmatch(field) is None or field.isdecimal():
        raise Unusable(f"the prompt has {{{shown}}}, which is no placeholder: write {{{{ and }}}} for braces")
    if conversion not in {None, "s", "r", "a"}:
        raise Unusable(f"the placeholder {{{shown}}} has an unknown conversion !{conversion}")
    if _FORMAT.fullmatch(layout) is None:
        raise Unusable(f"the placeholder {{{shown}}} has a format that cannot be used: {_cut(layout)}")
    steps = tuple(bracketed or dotted for bracketed, dotted in _STEP.findall(field))
    return Placeholder(shown, steps, quoted=conversion in {"r", "a"}, layout=layout)


def _text(place: Placeholder, values: Mapping[str, Any]) -> str:
    value = _found(place, values)
    if place.layout:
        return _laid_out(place, value)
    if isinstance(value, str) and not place.quoted:
        return value
    return as_json(value)


def as_json(value: Any) -> str:
    """Return a JSON tree as compact JSON; raise ScorerFailed for a text that is no Unicode."""
    try:
        return orjson.dumps(value).decode()
    except (TypeError, RecursionError) as error:
        raise ScorerFailed(f"a value cannot be written as JSON: {error}") from error


def _laid_out(place: Placeholder, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        value = as_json(value)
    try:
        return format(value, place.layout)
    except (ValueError, OverflowError) as error:
        raise ScorerFailed(
            f"the placeholder {{{place.written}:{place.layout}}} does not fit: {error}"
        ) from error


def _found(place: Placeholder, values: Mapping[str, Any]) -> Any:
    at: Any = values
    steps: Sequence[str] = place.steps
    while steps:
        length = _length(at, steps)
        if length == 0:
            raise ScorerFailed(f"the prompt asks for {{{place.written}}}, and {_there(at, steps, values)}")
        key, steps = ".".join(steps[:length]), steps[length:]
        at = at[int(key)] if isinstance(at, list) else at[key]
    return at


def _length(at: Any, steps: Sequence[str]) -> int:
    """Return how many steps name one member of `at`, as many as can; 0 when they name none."""
    if isinstance(at, list):
        index = steps[0].removeprefix("-")
        known = index.isascii() and index.isdecimal() and len(index) < SHOWN_CHARACTERS
        return int(known and -len(at) <= int(steps[0]) < len(at))
    if not isinstance(at, dict):
        return 0
    return next((size for size in range(len(steps), 0, -1) if ".".join(steps[:size]) in at), 0)


def _there(at: Any, steps: Sequence[str], values: Mapping[str, Any]) -> str:
    """Tell what there is instead."""
    if at is values:
        return f"the call has {_cut(', '.join(map(str, values)))}"
    if isinstance(at, list):
        return f"{_cut(steps[0])} is no place in a list of {len(at)}"
    return f"there is no {_cut('.'.join(steps))}"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARACTERS else line[:SHOWN_CHARACTERS] + "…"
