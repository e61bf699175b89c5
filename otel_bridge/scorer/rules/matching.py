"""`exact_match` and `fuzzy_match`: a field against a literal or against another field of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_bridge.scorer.fields import judged, judged_of, text_of
from otel_bridge.scorer.rules.base import Result, Rule, nothing_there, out_of_range, placed, result, turned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otel_bridge.scorer.kinds import Compared, ExactMatch, FuzzyMatch


def exact_match(settings: ExactMatch) -> Rule:
    """Open `exact_match`."""

    def judge(value: Any, wanted: Any) -> Result:
        same = _same(_normal(value, settings), _normal(wanted, settings))
        reason = None if same else f"{settings.field} is not {_what(settings)}"
        return result(reason, {"score": float(same)})

    return _comparing(settings, {"score": None}, judge)


def fuzzy_match(settings: FuzzyMatch) -> Rule:
    """Open `fuzzy_match`."""
    similarity = _similarity(settings.method)
    threshold, most = settings.threshold, settings.max_characters

    def judge(value: Any, wanted: Any) -> Result:
        one, other = (text_of(_normal(each, settings)) for each in (value, wanted))
        if max(len(one), len(other)) > most:
            return result(f"more than {most} characters are not compared", {"score": None})
        score = similarity(one, other)
        return result(out_of_range(score, threshold, None, "alike"), {"score": score})

    return _comparing(settings, {"score": None}, judge)


def _comparing(settings: Compared, blank: Mapping[str, Any], judge: Callable[[Any, Any], Result]) -> Rule:
    read = judged_of(settings)
    other = None if settings.value_field is None else judged(settings.value_field, raw=settings.raw)
    null_is_wanted = other is None and settings.value is None
    what_is = f"{settings.field} is {_what(settings)}"

    def compare(value: Any, wanted: Any) -> Result:
        for one, field in ((value, settings.field), (wanted, settings.value_field)):
            if one is None and not null_is_wanted:
                return nothing_there(f"the call has no {field}", settings.missing, blank)
        return turned(settings, judge(value, wanted), what_is)

    def judge_call(call: Mapping[str, Any]) -> Result:
        value, place = read(call)
        wanted = settings.value if other is None else other(call)[0]
        return placed(compare(value, wanted), place)

    return Rule(tuple(filter(None, (settings.field, settings.value_field))), judge_call)


def _what(settings: Compared) -> str:
    return "the value" if settings.value_field is None else settings.value_field


def _normal(value: Any, settings: Compared) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip() if settings.strip else value
    return text.casefold() if settings.ignore_case else text


def _same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal as JSON; when only one is a text, the other counts as its JSON."""
    if isinstance(one, str) != isinstance(other, str):
        return text_of(one) == text_of(other)
    pairs = [(one, other)]
    while pairs:
        left, right = pairs.pop()
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            pairs.extend((left[key], right[key]) for key in left)
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            pairs.extend(zip(left, right, strict=True))
        elif isinstance(left, bool) != isinstance(right, bool) or left != right:
            return False
    return True


def _similarity(method: str) -> Callable[[str, str], float]:
    from rapidfuzz import fuzz  # noqa: PLC0415 - 20 ms, only where texts are compared
    from rapidfuzz.distance import JaroWinkler, Levenshtein  # noqa: PLC0415 - as above

    of_hundred: dict[str, Callable[[str, str], float]] = {
        "ratio": fuzz.ratio,
        "partial": fuzz.partial_ratio,
        "token_sort": fuzz.token_sort_ratio,
        "token_set": fuzz.token_set_ratio,
    }
    if method in of_hundred:
        compare = of_hundred[method]
        return lambda one, other: compare(one, other) / 100
    of_one: dict[str, Callable[[str, str], float]] = {
        "levenshtein": Levenshtein.normalized_similarity,
        "jaro_winkler": JaroWinkler.normalized_similarity,
    }
    return of_one[method]
