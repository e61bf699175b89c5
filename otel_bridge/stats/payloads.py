"""What the payloads of feedback hold that statistics can count, and how one value of them is read.

A value is what JSON holds at a place of a payload. `CUT` stands for one that is too large to be a category.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from otel_bridge.model.stats import FeedbackChoice, FeedbackMetric

Raw: TypeAlias = Any
CUT: Final = {"": "too large"}
"""In place of a value that is too large to be a category."""
MAX_SCALAR_BYTES: Final = 2048
"""Of a text as JSON; more than any category of `MAX_CATEGORY_BYTES` takes, however it is escaped."""
MAX_LIST_BYTES: Final = 1 << 16
"""Of a list of tags as JSON."""
MAX_CATEGORY_BYTES: Final = 256
"""Of a text that is a category; a longer one counts among the others."""
OTHER: Final = None
"""The category of all that have none of their own."""
MAX_SAMPLE_BYTES: Final = 1 << 16
"""Larger payloads are not looked into when places are discovered."""
MAX_PLACES: Final = 500
"""Of one type of feedback that are told."""
MAX_DEPTH: Final = 8


class Reading(Struct, frozen=True, kw_only=True):
    """Read these values of the feedback given in `[start, end)`, microseconds since the epoch."""

    project_id: str
    start: int
    end: int
    choice: FeedbackChoice
    metrics: tuple[FeedbackMetric, ...]


class Stretch(Struct, frozen=True):
    """Some feedback in the order of time: when it was given, and for each metric the value or None."""

    times: Sequence[int]
    values: Sequence[Sequence[Raw]]


class Sample(Struct, frozen=True):
    """The type of some feedback, and its payload."""

    feedback_type: str
    payload: bytes


def kept_value(raw: Raw) -> Raw:
    """Return a value as a store hands it on: None for no value, `CUT` for one that is too large."""
    if raw is None or isinstance(raw, dict):
        return None
    most = MAX_LIST_BYTES if isinstance(raw, list) else MAX_SCALAR_BYTES
    return CUT if len(orjson.dumps(raw)) > most else raw


def numbers(values: Iterable[Raw], value_type: str) -> list[float]:
    """Return the numbers among values; true and false are 1 and 0 where those are asked for."""
    if value_type == "boolean":
        return [float(value) for value in values if value is True or value is False]
    return [value for value in values if type(value) is float or type(value) is int]


def categories(raw: Raw) -> Sequence[str | None]:
    """Return the categories a value counts in, each once."""
    if type(raw) is str and len(raw) <= MAX_CATEGORY_BYTES // 4:
        return (raw,)
    if raw is None:
        return ()
    if isinstance(raw, dict):
        return (OTHER,) if raw == CUT else ()
    if isinstance(raw, list):
        return tuple(dict.fromkeys(_category(one) for one in raw if isinstance(one, (str, bool, int, float))))
    return (_category(raw),)


def _category(raw: Raw) -> str | None:
    text = raw if isinstance(raw, str) else orjson.dumps(raw).decode()
    return OTHER if len(text.encode()) > MAX_CATEGORY_BYTES else text


def is_meant(ref: str | None, chosen: str | None) -> bool:
    """Tell whether a ref is the chosen one; one that ends in `:*` chooses every version."""
    if chosen is None:
        return True
    if chosen.endswith(":*"):
        return ref is not None and ref.startswith(chosen[:-1])
    return ref == chosen


def schema(samples: Iterable[Sample]) -> bytes:
    """Answer `/feedback/payload_schema`: the places of all samples, and those of each type."""
    by_type: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    looked_at: defaultdict[str, int] = defaultdict(int)
    for sample in samples:
        looked_at[sample.feedback_type] += 1
        for place, kind in _places(orjson.loads(sample.payload), "", MAX_DEPTH):
            places = by_type[sample.feedback_type]
            if place in places or len(places) < MAX_PLACES:
                places[place].add(kind)
    together: defaultdict[str, set[str]] = defaultdict(set)
    for places in by_type.values():
        for place, kinds in places.items():
            together[place] |= kinds
    types = [
        {"feedback_type": name, "sampled": looked_at[name], "paths": _shown(by_type[name])}
        for name in sorted(looked_at)
    ]
    return orjson.dumps({"paths": _shown(together), "feedback_types": types})


def _shown(places: dict[str, set[str]]) -> list[dict[str, str]]:
    return [{"json_path": place, "value_type": _value_type(kinds)} for place, kinds in sorted(places.items())]


def _value_type(kinds: set[str]) -> str:
    return kinds.copy().pop() if len(kinds) == 1 else "categorical"


def _places(tree: Raw, place: str, deeper: int) -> Iterator[tuple[str, str]]:
    """Yield where a tree holds values, and of which type they are."""
    if isinstance(tree, dict):
        for name, member in tree.items():
            step = step_of(name)
            if step is not None and deeper:
                yield from _places(member, f"{place}.{step}" if place else step, deeper - 1)
    elif isinstance(tree, list):
        if any(isinstance(one, str) for one in tree):
            yield place, "categorical"
    elif isinstance(tree, bool):
        yield place, "boolean"
    elif tree is not None:
        yield place, "categorical" if isinstance(tree, str) else "numeric"


def step_of(name: str) -> str | None:
    """Write a member's name as a step of a path; None for one that no path reaches."""
    if not name or not name.isprintable() or {'"', "\\"} & set(name) or (name.isascii() and name.isdigit()):
        return None
    return name.replace(".", "\\.")
