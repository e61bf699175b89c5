"""JSON that travels as the text of a value, as prompts and arguments of tools do: what its keys say of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DEPTH: Final = 64
"""How deep a text is looked into, in levels of lists, objects and texts inside texts."""

_KEY: Final = re.compile(r'"([^"\\]*)\\*"\s*:')
"""What may be a key, also of JSON inside a text of JSON, whatever is around it."""


class JsonTexts:
    """Masks members of objects in texts that are JSON, by their keys.

    `blocked` says which keys, `whole` gives what stands in place of what they hold. A text that begins as
    JSON does and cannot be read, because it was cut, say, is masked whole when it seems to have such a key.
    """

    def __init__(self, blocked: Callable[[str], bool], whole: Callable[[Any], str]) -> None:
        self._blocked = blocked
        self._whole = whole

    def says(self, text: str, depth: int = 0) -> bool:
        """Tell whether something in a text may have to be masked; `depth`: levels that are around it."""
        if not text.lstrip().startswith(("{", "[")) or '"' not in text:
            return False
        try:
            return self._finds(orjson.loads(text), depth)
        except ValueError:
            return any(self._blocked(key) for key in _KEY.findall(text))

    def masked(self, text: str, place: str, found: list[str]) -> str:
        """Return the text as it may be kept, the very same where nothing is masked; `found` gets places."""
        if not self.says(text):
            return text
        hidden: list[str] = []
        try:
            kept = json.dumps(self._kept(json.loads(text), place, hidden, 0), ensure_ascii=False)
            kept.encode()
        except (ValueError, RecursionError):
            hidden, kept = [place], self._whole(text)
        found += hidden
        return kept if hidden else text

    def _finds(self, value: Any, depth: int) -> bool:
        if depth > MAX_DEPTH:
            raise ValueError
        if isinstance(value, dict):
            return any(self._blocked(key) or self._finds(member, depth + 1) for key, member in value.items())
        if isinstance(value, list):
            return any(self._finds(item, depth + 1) for item in value)
        return isinstance(value, str) and self.says(value, depth + 1)

    def _kept(self, value: Any, place: str, hidden: list[str], depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError
        if isinstance(value, list):
            return [self._kept(item, place, hidden, depth + 1) for item in value]
        if isinstance(value, str):
            return self.masked(value, place, hidden)
        if not isinstance(value, dict):
            return value
        kept: dict[str, Any] = {}
        for key, member in value.items():
            if self._blocked(key):
                kept[key] = self._whole(member)
                hidden.append(f"{place}.{key}")
            else:
                kept[key] = self._kept(member, f"{place}.{key}", hidden, depth + 1)
        return kept
