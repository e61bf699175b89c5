"""What must not be kept: patterns over values, numbers by their checksums, and the mask."""

from __future__ import annotations

import hashlib
from collections.abc import Callable  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from otel_bridge.checksums import CARD, IBAN, is_iban, is_luhn, numbers
from otel_bridge.patterns import compiled, union

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from otel_bridge.processor.settings import BlockedValue

MASK: Final = "****"

KINDS: Final = {"card": CARD, "iban": IBAN}
_CHECKSUMS: Final[Mapping[str, Callable[[str], bool]]] = {"luhn": is_luhn, "iban": is_iban}


def hasher(name: str) -> Callable[[str], str]:
    """Return what stands in place of a text: the mask, or its digest in hex."""
    if name == "none":
        return lambda _text: MASK
    algorithm = {"sha3": "sha3_256"}.get(name, name)

    def hashed(text: str) -> str:
        raw = text.encode(errors="surrogatepass")
        return hashlib.new(algorithm, raw, usedforsecurity=False).hexdigest()

    return hashed


class Mask:
    """Masks what patterns find in values, unless the value is an allowed one."""

    def __init__(
        self,
        blocked: Sequence[str | BlockedValue],
        allowed: Sequence[str],
        *,
        hash_function: str = "none",
        all_types: bool = True,
    ) -> None:
        rules = [_rule(one) for one in blocked]
        self._any = union(rule.pattern for rule in rules)
        self.patterns = tuple(rule.pattern for rule in rules)
        """What is looked for. A text in which none of them finds anything is kept as it is."""
        self._allowed = union(allowed)
        self._hidden = hasher(hash_function)
        self._all_types = all_types
        self._rules = [(compiled(rule.pattern), rule) for rule in rules]

    def __call__(self, value: Any) -> Any:
        """Return the value as it may be kept: the very same object when there is nothing to hide."""
        if isinstance(value, str):
            text = value
        elif self._all_types and isinstance(value, int | float) and not isinstance(value, bool):
            text = str(value)
        else:
            return value
        if self._any is None or self._any.search(text) is None:
            return value
        if self._allowed is not None and self._allowed.search(text) is not None:
            return value
        masked = text
        for pattern, rule in self._rules:
            masked = self._without(masked, pattern, rule)
        return value if masked == text else masked

    def whole(self, value: Any) -> str:
        """Return what stands in place of a whole value."""
        return self._hidden(value if isinstance(value, str) else str(value))

    def _without(self, text: str, pattern: Any, rule: _Rule) -> str:
        if rule.valid is None:
            return str(pattern.sub(lambda found: found.group(0) and self._hidden(found.group(0)), text))
        pieces: list[str] = []
        done = 0
        for start, end in numbers(pattern, rule.valid, text, every_word=rule.every_word):
            pieces += text[done:start], self._hidden(text[start:end])
            done = end
        return "".join(pieces) + text[done:]


class _Rule(Struct, frozen=True):
    """What is hidden: `valid` tells which matches, None: all of them; `every_word` as in `checksums.Kind`."""

    pattern: str
    valid: Callable[[str], bool] | None = None
    every_word: bool = False


def _rule(blocked: str | BlockedValue) -> _Rule:
    if isinstance(blocked, str):
        return _Rule(blocked)
    if blocked.kind is not None:
        kind = KINDS[blocked.kind]
        return _Rule(kind.pattern, kind.valid, kind.every_word)
    assert blocked.pattern is not None
    return _Rule(blocked.pattern, None if blocked.checksum is None else _CHECKSUMS[blocked.checksum])
