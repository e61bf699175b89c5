"""What must not be kept: patterns over values, checksums that tell numbers from lookalikes, and the mask."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.patterns import compiled, union

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from otel_bridge.processor.settings import BlockedValue

MASK: Final = "****"

CARD: Final = r"\b[2-6]\d{3}(?:[ -]?\d){8,15}\b"
IBAN: Final = r"\b[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}\b"
"""What may be one; the checksum decides."""


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
        self._rules = [_rule(one) for one in blocked]
        self._any = union(pattern for pattern, _ in self._rules)
        self._allowed = union(allowed)
        self._hidden = hasher(hash_function)
        self._all_types = all_types
        self._compiled = [(compiled(pattern), valid) for pattern, valid in self._rules]

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
        for pattern, valid in self._compiled:
            masked = pattern.sub(lambda found, valid=valid: self._replacement(found, valid), masked)
        return value if masked == text else masked

    def whole(self, value: Any) -> str:
        """Return what stands in place of a whole value."""
        return self._hidden(value if isinstance(value, str) else str(value))

    def _replacement(self, found: Any, valid: Callable[[str], bool] | None) -> str:
        text: str = found.group(0)
        if not text:
            return text
        if valid is None:
            return self._hidden(text)
        number = _confirmed(text, valid)
        return self._hidden(number) + text[len(number) :] if number else text


def _confirmed(text: str, valid: Callable[[str], bool]) -> str:
    """Return what a checksum confirms: the text, without words behind it that only look like a part of it."""
    while text and not valid(text):
        text = text.rpartition(" ")[0]
    return text


def _rule(blocked: str | BlockedValue) -> tuple[str, Callable[[str], bool] | None]:
    if isinstance(blocked, str):
        return blocked, None
    if blocked.kind is not None:
        pattern, checksum = _KINDS[blocked.kind]
        return pattern, _CHECKSUMS[checksum]
    assert blocked.pattern is not None
    return blocked.pattern, None if blocked.checksum is None else _CHECKSUMS[blocked.checksum]


def _luhn(text: str) -> bool:
    from stdnum import luhn  # noqa: PLC0415 - only where cards are looked for

    return bool(luhn.is_valid("".join(filter(str.isdigit, text))))


def _iban(text: str) -> bool:
    from stdnum import iban  # noqa: PLC0415 - only where IBANs are looked for

    return bool(iban.is_valid(text, check_country=False))


_CHECKSUMS: Final[Mapping[str, Callable[[str], bool]]] = {"luhn": _luhn, "iban": _iban}
_KINDS: Final = {"card": (CARD, "luhn"), "iban": (IBAN, "iban")}
