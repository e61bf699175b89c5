"""`pii`: where personal data and secrets are in a call. A result tells places, never what stands there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Struct

from otel_bridge.scorer.fields import reader
from otel_bridge.scorer.rules.base import Result, Rule, nothing_there, result, short
from otel_bridge.scorer.rules.detecting import Detector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otel_bridge.scorer.kinds import Pii

MAX_COUNTED: Final = 1000
"""Findings after which a call is read no further."""
MAX_TOLD: Final = 100
"""Findings that a result tells one by one."""
MAX_PATH_CHARACTERS: Final = 1000
MAX_NUMBER_BITS: Final = 128
"""Larger integers are no numbers of persons or cards."""

Place: TypeAlias = "tuple[Place, str] | None"
"""A key, and the place around it."""


class Finding(Struct, frozen=True):
    """Characters `start` to `end` of the text at `path`."""

    kind: str
    path: str
    start: int
    end: int


def pii(settings: Pii) -> Rule:
    """Open `pii`; raise Unusable for a pattern in `allow` that RE2 does not take."""
    detector = Detector(settings.kinds, settings.allow)
    readers = [(field, reader(field)) for field in settings.fields]
    blank = {"count": 0, "kinds": {}, "findings": [], "complete": True}
    absent = f"the call has no {' and no '.join(settings.fields)}"

    def judge(call: Mapping[str, Any]) -> Result:
        values = [(field, value) for field, read in readers if (value := read(call)) is not None]
        if not values:
            return nothing_there(absent, settings.missing, blank)
        found: list[Finding] = []
        for finding in _findings(values, detector):
            found.append(finding)
            if len(found) == MAX_COUNTED:
                break
        return _told(found)

    return Rule(settings.fields, judge)


def _told(found: list[Finding]) -> Result:
    kinds = Counter(finding.kind for finding in found)
    members = {
        "count": len(found),
        "kinds": dict(kinds),
        "findings": [
            {"kind": one.kind, "path": one.path, "start": one.start, "end": one.end}
            for one in found[:MAX_TOLD]
        ],
        "complete": len(found) < MAX_COUNTED,
    }
    named = ", ".join(f"{kind} {count} times" if count > 1 else kind for kind, count in kinds.items())
    return result(f"found {named}" if found else None, members)


def _findings(values: list[tuple[str, Any]], detector: Detector) -> Iterator[Finding]:
    for place, text in _texts(values):
        for kind, start, end in detector.find(text):
            yield Finding(kind, _spelled(place, detector), start, end)


def _texts(values: list[tuple[str, Any]]) -> Iterator[tuple[Place, str]]:
    """Yield every text, and every key, of the values, in their order; a key is at the place it leads to."""
    waiting: list[tuple[Place, Any]] = [((None, field), value) for field, value in reversed(values)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, str):
            yield place, value
        elif isinstance(value, int) and not isinstance(value, bool):
            if value.bit_length() <= MAX_NUMBER_BITS:
                yield place, str(value)
        elif isinstance(value, dict):
            inside = [((place, key), member) for key, member in value.items()]
            yield from ((within, within[1]) for within, _ in inside)
            waiting.extend(reversed(inside))
        elif isinstance(value, list):
            waiting.extend(reversed([((place, str(at)), item) for at, item in enumerate(value)]))


def _spelled(place: Place, detector: Detector) -> str:
    """Write a place as fields are written; a key that is a finding itself is `*`."""
    steps: list[str] = []
    while place is not None:
        place, key = place
        is_field = place is None
        steps.append(key if is_field else _key(key, detector))
    return short(".".join(reversed(steps)), MAX_PATH_CHARACTERS)


def _key(key: str, detector: Detector) -> str:
    return "*" if next(detector.find(key), None) is not None else short(key.replace(".", "\\."))
