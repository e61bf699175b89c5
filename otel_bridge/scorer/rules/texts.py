"""`regex`, `contains` and `length`: what the text of a field is like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_bridge.scorer.fields import text_of
from otel_bridge.scorer.rules.base import Result, Rule, of_field, of_user, out_of_range, result, short, turned

if TYPE_CHECKING:
    from otel_bridge.scorer.kinds import Contains, Length, Regex


def regex(settings: Regex) -> Rule:
    """Open `regex`; raise Unusable for a pattern that RE2 does not take."""
    pattern = _compiled(settings)
    match = {"search": pattern.search, "prefix": pattern.match, "full": pattern.fullmatch}[settings.match]

    def judge(value: Any) -> Result:
        found = match(text_of(value))
        if found is None:
            return result(f"{settings.field} does not match", {"start": None, "end": None, "groups": {}})
        members = {"start": found.start(), "end": found.end(), "groups": _groups(found)}
        return turned(settings, result(None, members), f"{settings.field} matches")

    def judged(value: Any) -> Result:
        found = judge(value)
        return turned(settings, found, "") if found["start"] is None else found

    return of_field(settings, {"start": None, "end": None, "groups": {}}, judged)


def contains(settings: Contains) -> Rule:
    """Open `contains`."""
    texts = settings.texts
    wanted = [text.casefold() for text in texts] if settings.ignore_case else list(texts)

    def judge(value: Any) -> Result:
        text = text_of(value).casefold() if settings.ignore_case else text_of(value)
        there = [one in text for one in wanted]
        enough = all(there) if settings.match == "all" else any(there)
        found = [one for one, is_there in zip(texts, there, strict=True) if is_there]
        missing = [one for one, is_there in zip(texts, there, strict=True) if not is_there]
        members = {"found": found, "missing": missing, "score": len(found) / len(texts)}
        reason = None if enough else f"{settings.field} lacks {_quoted(missing)}"
        what_is = f"{settings.field} has {_quoted(found)}"
        return turned(settings, result(reason, members), what_is)

    return of_field(settings, {"found": [], "missing": list(texts), "score": 0.0}, judge)


def length(settings: Length) -> Rule:
    """Open `length`."""

    def judge(value: Any) -> Result:
        if settings.unit == "items" and not isinstance(value, list | dict):
            return result(f"{settings.field} has no items", {"length": None, "unit": settings.unit})
        count = len(value) if settings.unit == "items" else _count(text_of(value), settings.unit)
        reason = out_of_range(count, settings.min, settings.max, settings.unit)
        return result(reason, {"length": count, "unit": settings.unit})

    return of_field(settings, {"length": None, "unit": settings.unit}, judge)


def _compiled(settings: Regex) -> Any:
    flags = {"i": settings.ignore_case, "m": settings.multiline, "s": settings.dot_all}
    letters = "".join(letter for letter, wanted in flags.items() if wanted)
    return of_user(settings.pattern, flags=letters)


def _groups(found: Any) -> dict[str, str | None]:
    return {name: text and short(text) for name, text in found.groupdict().items()}


def _count(text: str, unit: str) -> int:
    match unit:
        case "words":
            return len(text.split())
        case "lines":
            return len(text.splitlines())
        case "bytes":
            return len(text.encode())
        case _:
            return len(text)


def _quoted(texts: list[str]) -> str:
    shown = ", ".join(f"“{short(text)}”" for text in texts[:5])
    return f"{shown} and {len(texts) - 5} more" if len(texts) > 5 else shown  # noqa: PLR2004 - the five above
