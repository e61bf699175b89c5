"""What the deterministic kinds share: a rule, what a missing field gives, a verdict turned round.

A result is a JSON object with `passed`, the members of its kind, and `reason`: null for what passed, a
sentence for what did not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Struct

from otel_bridge.patterns import BadPattern, compiled
from otel_bridge.scorer.base import ScorerFailed, Unusable
from otel_bridge.scorer.fields import judged_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otel_bridge.scorer.kinds import Missing, Negatable, OfField

MAX_CHARACTERS: Final = 300
"""Of a text out of a call, or out of settings, in a result: results stay small, whatever the call."""
MAX_PATTERN_BYTES: Final = 400_000
"""Of what a user writes; RE2 refuses what takes too much memory by itself."""

Result: TypeAlias = "dict[str, Any]"


class Rule(Struct, frozen=True):
    """An opened scorer: `fields` are the places in a call that it reads, `judge` gives the result.

    `judge` raises ScorerFailed only where the settings say that a missing field is an error.
    """

    fields: tuple[str, ...]
    judge: Callable[[Mapping[str, Any]], Result]


def result(reason: str | None, members: Mapping[str, Any]) -> Result:
    """Return a result: without a reason it passed."""
    return {"passed": reason is None, **members, "reason": reason}


def nothing_there(what: str, missing: Missing, blank: Mapping[str, Any]) -> Result:
    """Return what a call without a field, or without a measure, gives."""
    if missing == "error":
        raise ScorerFailed(what)
    return result(None if missing == "pass" else what, blank)


def of_field(settings: OfField, blank: Mapping[str, Any], judge: Callable[[Any], Result]) -> Rule:
    """Return a rule about the value of one field; `blank` are the members where there is no value."""
    read, absent = judged_of(settings), f"the call has no {settings.field}"

    def judged(call: Mapping[str, Any]) -> Result:
        value, place = read(call)
        found = nothing_there(absent, settings.missing, blank) if value is None else judge(value)
        return placed(found, place)

    return Rule((settings.field,), judged)


def of_user(pattern: str, *, flags: str = "") -> Any:
    """Compile a user's pattern; raise Unusable. `flags` as in `patterns.compiled`."""
    try:
        return compiled(pattern, flags=flags, max_bytes=MAX_PATTERN_BYTES)
    except BadPattern as error:
        raise Unusable(str(error)) from error


def placed(found: Result, place: str) -> Result:
    """Tell in a result where the value was that was judged."""
    return {"passed": found["passed"], "field": place, **found}


def turned(settings: Negatable, found: Result, what_is: str) -> Result:
    """Turn a verdict round where that is wanted; `what_is` says what should not have been."""
    if not settings.negate:
        return found
    passed = not found["passed"]
    return {**found, "passed": passed, "reason": None if passed else what_is}


def short(text: str, most: int = MAX_CHARACTERS) -> str:
    """Cut a text that a result repeats."""
    return text if len(text) <= most else text[: most - 1] + "…"


def out_of_range(number: float, low: float | None, high: float | None, unit: str) -> str | None:
    """Say how a number is beyond its bounds, None when it is not."""
    if low is not None and number < low:
        return f"{_spelled(number)} {unit}, less than {_spelled(low)}"
    if high is not None and number > high:
        return f"{_spelled(number)} {unit}, more than {_spelled(high)}"
    return None


def _spelled(number: float) -> str:
    return f"{number:.10g}" if isinstance(number, float) else str(number)
