"""Regular expressions of users: RE2, which takes time linear in the text whatever the pattern is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PATTERN_BYTES: Final = 4096
SHOWN_CHARACTERS: Final = 100
"""Of a pattern, in what is said about it."""
_ALONE: Final = re.compile(r"\\[AzZQC]|\(\?[A-Za-z]*-")
"""What is about a text as a whole, or may turn off the flag `m`; also where it is written as a mere text."""


class BadPattern(ValueError):
    """A pattern is no regular expression of RE2."""


def compiled(pattern: str, *, flags: str = "", max_bytes: int = MAX_PATTERN_BYTES) -> Any:
    """Compile a pattern; raise BadPattern. `flags` are letters of RE2's: `i`, `m`, `s`."""
    if len(pattern.encode()) > max_bytes:
        raise BadPattern(f"the pattern is longer than {max_bytes} bytes")
    try:
        return _compiled(f"(?{flags}){pattern}" if flags else pattern)
    except _Unread as error:
        shown = pattern if len(pattern) <= SHOWN_CHARACTERS else pattern[:SHOWN_CHARACTERS] + "…"
        raise BadPattern(f"the pattern {shown!r} is no RE2 regular expression: {error}") from None


def union(patterns: Iterable[str]) -> Any:
    """Return one pattern that finds what any of them finds, None without any; raise BadPattern."""
    every = list(patterns)
    for pattern in every:
        compiled(pattern)  # each must make sense alone
    try:
        return _compiled("|".join(f"(?:{pattern})" for pattern in every)) if every else None
    except _Unread as error:
        raise BadPattern(f"the patterns cannot be looked for together: {error}") from None


def union_of_lines(patterns: Iterable[str]) -> Any:
    """Return one pattern that finds something in texts joined by newlines if any pattern does in one of them.

    It may find more. None without patterns, and for one of which that cannot be said: the start and the end
    of a line are where `^` and `$` are true of a text alone, but not where what `_ALONE` names is true.
    """
    every = list(patterns)
    if not every or any(_ALONE.search(pattern) for pattern in every):
        return None
    try:
        return _compiled("(?m)" + "|".join(f"(?:{pattern})" for pattern in every))
    except _Unread:  # together too large
        return None


class _Unread(Exception):
    """RE2 does not take a pattern; the message is its own."""


def _compiled(pattern: str) -> Any:
    import re2  # noqa: PLC0415 - only where there are patterns

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        raise _Unread(said.decode(errors="replace") if isinstance(said, bytes) else str(said)) from None
