"""What is wrong with a value, in words for people who write files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

_WORDS: Final[Mapping[str, str]] = {
    "bool_parsing": "true or false is needed",
    "bool_type": "true or false is needed",
    "byte_size": "a size is needed, for example 3MiB",
    "dict_type": "a map is needed",
    "float_parsing": "a number is needed",
    "float_type": "a number is needed",
    "greater_than_equal": "at least {ge} is needed",
    "int_from_float": "a whole number is needed",
    "int_parsing": "a whole number is needed",
    "int_type": "a whole number is needed",
    "less_than_equal": "at most {le} is allowed",
    "list_type": "a list is needed",
    "literal_error": "{expected} is needed",
    "model_type": "a map is needed",
    "string_type": "a text is needed",
    "time_delta_type": "a duration is needed, for example 30s",
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
