"""What pydantic says of settings, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


def told(error: ValidationError, *, skip: int = 0) -> str:
    """Return `place: what is wrong` for each problem; `skip` steps of each place are not told."""
    problems = []
    for found in error.errors(include_url=False, include_input=False, include_context=False):
        place = ".".join(str(part) for part in found["loc"][skip:] or found["loc"])
        text = found["msg"].removeprefix("Value error, ")
        problems.append(f"{place}: {text}" if place else text)
    return "; ".join(problems)
