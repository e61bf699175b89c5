"""What is wrong with a value, in words for people: what pydantic found, as we say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_WORDS: Final[Mapping[str, str]] = {
    "bool_parsing": "true or false is needed",
    "bool_type": "true or false is needed",
    "byte_size": "a size is needed, for example 3MiB",
    "dict_type": "a map is needed",
    "extra_forbidden": "there is no such key",
    "float_parsing": "a number is needed",
    "float_type": "a number is needed",
    "greater_than_equal": "at least {ge} is needed",
    "int_from_float": "a whole number is needed",
    "int_parsing": "a whole number is needed",
    "int_type": "a whole number is needed",
    "less_than_equal": "at most {le} is allowed",
    "list_type": "a list is needed",
    "literal_error": "{expected} is needed",
    "missing": "a value is needed",
    "model_type": "a map is needed",
    "string_type": "a text is needed",
    "time_delta_type": "a duration is needed, for example 30s",
    "tuple_type": "a list is needed",
    "union_tag_not_found": "a map is needed",
    "too_short": "at least {min_length} is needed",
}
"""pydantic's name of an error → what we say."""


def words_for(wrong: ErrorDetails) -> str:
    """Say what is wrong; without the value, which may be secret."""
    known = _WORDS.get(wrong["type"])
    if known is None:
        return wrong["msg"].removeprefix("Value error, ")
    return known.format(**wrong.get("ctx", {}))


def many(count: int, noun: str) -> str:
    """Return `1 call`, `1,000 calls`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def told(error: ValidationError, *, skip: int = 0) -> str:
    """Return `place: what is wrong` for each problem; `skip` steps of each place are not told."""
    problems = []
    for found in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in found["loc"][skip:] or found["loc"])
        text = words_for(found)
        problems.append(f"{place}: {text}" if place else text)
    return "; ".join(problems)
