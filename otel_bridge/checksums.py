"""Numbers that a checksum tells from lookalikes: payment cards (ISO/IEC 7812) and IBANs (ISO 13616)."""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - msgspec reads the annotations
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

REACH: Final = 80
"""Characters behind one match that may be part of another; the longest IBAN has 67 with its separators."""
_CARD_DIGITS: Final = range(12, 20)
_LEAST_IBAN: Final = 15
_BASE_10: Final = {ord(letter): str(int(letter, 36)) for letter in ascii_uppercase}


def is_luhn(text: str) -> bool:
    """Tell whether the last digit of a text is the check digit of the others."""
    from stdnum import luhn  # noqa: PLC0415 - 40 ms, only where cards are looked for

    return bool(luhn.is_valid(digits_of(text)))


def is_card(text: str) -> bool:
    """Tell whether a text may be the number of a card."""
    return len(digits_of(text)) in _CARD_DIGITS and is_luhn(text)


def is_iban(text: str) -> bool:
    """Tell whether a text is an IBAN of a country that has them."""
    from stdnum import iban  # noqa: PLC0415 - as above

    number = text.replace(" ", "").replace("-", "").upper()
    if len(number) < _LEAST_IBAN or not (number.isascii() and number.isalnum()):
        return False
    if int((number[4:] + number[:4]).translate(_BASE_10)) % 97 != 1:  # ISO 7064, 10 times as fast as stdnum
        return False
    return bool(iban.is_valid(number, check_country=False))


def digits_of(text: str) -> str:
    """Return the digits of a text."""
    return "".join(filter(str.isdigit, text))


class Kind(Struct, frozen=True):
    """A kind of number: `pattern` finds what may be one, in the spellings people use; `valid` decides.

    `every_word`: lookalikes that `valid` believes are so rare that each word of one is tried as a beginning.
    """

    pattern: str
    valid: Callable[[str], bool]
    every_word: bool = False


CARD: Final = Kind(r"\b[2-6]\d{3}(?:[ -]?\d){8,15}\b", is_card)
IBAN: Final = Kind(r"\b[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}\b", is_iban, every_word=True)


def numbers(
    pattern: Any, valid: Callable[[str], bool], text: str, *, every_word: bool = False
) -> Iterator[tuple[int, int]]:
    """Yield start and end of what a compiled pattern finds and `valid` confirms; no two overlap.

    A match may go on over words that belong to no number, or to the next one: the longest part of it that is
    confirmed counts, and what is behind that is looked at again.
    """
    done = 0
    for match in pattern.finditer(text):
        start, end = match.span()
        found = match.group()
        if start < done:
            start, found = _next(pattern, text, done, end)
        while found:
            if number := _confirmed(found, valid):
                done = again = start + len(number)
                yield start, done
            elif every_word:
                again = start + 1
            else:
                break
            start, found = _next(pattern, text, again, end)


def _confirmed(text: str, valid: Callable[[str], bool]) -> str:
    """Return what is valid: the text, without words behind it that only look like a part of it."""
    while text and not valid(text):
        text = text.rpartition(" ")[0]
    return text


def _next(pattern: Any, text: str, at: int, before: int) -> tuple[int, str]:
    """Return where the first match from `at` on starts, and its text: empty unless it starts `before`."""
    origin = max(0, at - 1)  # the character before tells whether a word begins
    match = pattern.search(text[origin : before + REACH], at - origin)
    if match is None or origin + match.start() >= before:
        return before, ""
    return origin + match.start(), match.group()
