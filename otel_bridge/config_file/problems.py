"""What is wrong with a configuration: each problem with the place it was written at."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from otel_bridge.parsers import BadSetting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Place: TypeAlias = tuple[str | int, ...]
"""The keys and list positions that lead to a value."""


class Rank(IntEnum):
    """Who wins where two say something: the later one (`contract/pipeline-config.md` §2.1)."""

    PROFILE = 0
    FILE = 1
    ALIAS = 2
    """A short variable, such as `OTEL_BRIDGE_API`."""
    VARIABLE = 3
    """A variable that names a key, such as `OTEL_BRIDGE__EXPORTERS__WEAVE__ENDPOINT`."""
    FLAG = 4
    SET = 5


class Origin(Struct, frozen=True):
    """Who said something: a file and where in it, from 1, or the flag or variable."""

    source: str
    rank: Rank
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


class Problem(Struct, frozen=True):
    """One thing that is wrong."""

    origin: Origin
    text: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.text}"


class BadConfig(BadSetting):
    """A configuration cannot be used. `problems` says everything that is wrong with it, in order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.found = sorted(set(problems), key=_in_order)
        self.problems = tuple(map(str, self.found))
        super().__init__("; ".join(self.problems))


def _in_order(problem: Problem) -> tuple[object, ...]:
    origin = problem.origin
    return (origin.rank, origin.source, origin.line, origin.column, problem.text)


def spelled(place: Sequence[str | int]) -> str:
    """Write a place as people do: `exporters.weave.endpoint`, `pipelines.traces.receivers[0]`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
