"""Regular expressions of users: RE2, which takes time linear in the text whatever the pattern is."""

from __future__ import annotations

from typing import Any, Final

MAX_PATTERN_BYTES: Final = 4096


class BadPattern(ValueError):
    """A pattern is no regular expression of RE2."""


def compiled(pattern: str) -> Any:
    """Compile a pattern; raise BadPattern."""
    import re2  # noqa: PLC0415 - only where there are patterns

    if len(pattern.encode()) > MAX_PATTERN_BYTES:
        raise BadPattern(f"the pattern is longer than {MAX_PATTERN_BYTES} bytes")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        text = said.decode() if isinstance(said, bytes) else str(said)
        raise BadPattern(f"the pattern {pattern!r} is no RE2 regular expression: {text}") from None
