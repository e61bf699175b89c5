"""Finds personal data and secrets in one text: patterns that RE2 finds, then checksums and ranges.

What looks like a number of a person is believed only when its own rule holds: Luhn for cards (ISO/IEC 7812),
mod 97 for IBAN (ISO 13616), the ranges of US social security numbers, `ipaddress` for addresses.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from otel_bridge.checksums import CARD, IBAN, digits_of, is_card, is_iban, numbers
from otel_bridge.patterns import compiled, union
from otel_bridge.scorer.rules.base import of_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Span: TypeAlias = tuple[int, int]

_SECRETS: Final = (
    r"\b(?:sk|rk)-[A-Za-z0-9_\-]{20,}",  # OpenAI, Anthropic and many who took it over
    r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
    r"\bgh[pousr]_[A-Za-z0-9]{36,}",
    r"\bgithub_pat_[A-Za-z0-9_]{40,}",
    r"\bglpat-[A-Za-z0-9_\-]{20,}",
    r"\bxox[abeoprs]-[A-Za-z0-9\-]{10,}",  # Slack
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",  # AWS
    r"\bAIza[0-9A-Za-z_\-]{35}",  # Google
    r"\bhf_[A-Za-z0-9]{30,}",
    r"\bnpm_[A-Za-z0-9]{36}",
    r"\bpypi-[A-Za-z0-9_\-]{50,}",
    r"\bSG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}",
    r"\beyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}",  # JSON Web Token, signed
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    r"\b[Bb]earer +[A-Za-z0-9._~+/\-]{20,}=*",
)
_PATTERNS: Final = {
    "secret": "|".join(_SECRETS),
    "iban": IBAN.pattern,
    "credit_card": CARD.pattern,
    "us_ssn": r"[0-9]{3}[\- ][0-9]{2}[\- ][0-9]{4}",
    "email": (
        r"[A-Za-z0-9][A-Za-z0-9._%+\-]*@[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
        r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?)*\.[A-Za-z]{2,}"
    ),
    "ip_address": r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}",
    "phone": (
        r"(?:\+|\b00)[1-9](?:[ ().\-/]{0,2}[0-9]){6,14}"
        r"|(?:1[ .\-])?(?:\([0-9]{3}\) ?|[0-9]{3}[ .\-])[0-9]{3}[ .\-][0-9]{4}"
    ),
}
"""In the order in which they are looked for: what one kind has found is nothing else."""
_JOINS: Final = {"iban": "", "credit_card": " .-", "us_ssn": ".-", "ip_address": ".:", "phone": " .-"}
"""What joins a number to more of it on either side: then it is not one of these."""
_LEAST_IPV6_CHARACTERS: Final = 4
_LEAST_CARD_DIGITS: Final = 13
_MASTERCARD: Final = range(2221, 2721)


class Detector:
    """Finds some kinds of personal data; what matches `allow` as a whole is none."""

    def __init__(self, kinds: Sequence[str], allow: Sequence[str]) -> None:
        wanted = {kind: pattern for kind, pattern in _PATTERNS.items() if kind in kinds}
        self._any = union(wanted.values())
        self._finders = [(kind, _finder(kind, compiled(pattern))) for kind, pattern in wanted.items()]
        self._allow = list(map(of_user, allow))

    def find(self, text: str) -> Iterator[tuple[str, int, int]]:
        """Yield kind, start and end of what is in a text, in characters; no two overlap."""
        if self._any.search(text) is None:
            return
        taken: list[Span] = []
        for kind, found_in in self._finders:
            for span in found_in(text):
                if (
                    _stands_alone(text, span, _JOINS.get(kind))
                    and not _overlaps(span, taken)
                    and not self._is_allowed(text[slice(*span)])
                ):
                    taken.append(span)
                    yield (kind, *span)

    def _is_allowed(self, found: str) -> bool:
        return any(pattern.fullmatch(found) is not None for pattern in self._allow)


def _stands_alone(text: str, span: Span, joins: str | None) -> bool:
    """Tell whether a finding is not a part of something longer, which matters where something `joins` it."""
    if joins is None:
        return True
    start, end = span
    before, after = text[max(0, start - 2) : start][::-1], text[end : end + 2]
    return not (_goes_on(before, joins) or _goes_on(after, joins))


def _goes_on(beside: str, joins: str) -> bool:
    """Tell whether a number is part of something longer, by two characters beside it, the nearer first."""
    if beside[:1] and beside[0] in joins:
        return beside[1:].isdigit() if beside[0] == " " else beside[1:].isalnum()
    return beside[:1].isalnum() or beside[:1] == "_"


def _overlaps(span: Span, taken: list[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in taken)


def _finder(kind: str, pattern: Any) -> Callable[[str], Iterator[Span]]:
    """Return what finds one kind in a text: where each finding starts and ends."""
    match kind:
        case "credit_card":
            return lambda text: numbers(pattern, _is_card, text)
        case "iban":
            return lambda text: numbers(pattern, _is_iban, text, every_word=IBAN.every_word)
        case "us_ssn":
            is_one = _ssn()
        case "ip_address":
            is_one = _is_address
        case _:
            return lambda text: (match.span() for match in pattern.finditer(text))
    return lambda text: (match.span() for match in pattern.finditer(text) if is_one(match.group()))


def _is_card(text: str) -> bool:
    """Tell whether a number is one that banks give out; a mask may take more for one than a verdict."""
    digits = digits_of(text)
    is_issued = digits[0] in "3456" or int(digits[:4]) in _MASTERCARD
    return is_issued and len(digits) >= _LEAST_CARD_DIGITS and len(set(digits)) > 1 and is_card(digits)


def _is_iban(text: str) -> bool:
    """Tell whether a text is an IBAN as it is written: in lower case ids of spans would look like some."""
    return text.isupper() and is_iban(text)


def _ssn() -> Callable[[str], bool]:
    from stdnum.us import ssn  # noqa: PLC0415 - 40 ms, only where it is looked for

    def check(text: str) -> bool:
        one_separator = text[3] == text[6]
        return one_separator and bool(ssn.is_valid(text.replace(" ", "-")))

    return check


def _is_address(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        return False
    is_word = address.version == 6 and (  # noqa: PLR2004 - IPv6
        len(text) < _LEAST_IPV6_CHARACTERS or not any(map(str.isdigit, text))
    )
    return not is_word
