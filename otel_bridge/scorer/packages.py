"""Scorers that installed packages offer, in the entry point group `otel_bridge.scorers`."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

from otel_bridge.scorer.kinds import check_callable, check_name

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP: Final = "otel_bridge.scorers"


def installed(unusable: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield name and `package.module:name`; why one cannot be used is put into `unusable`."""
    seen: set[str] = set()
    for point in entry_points(group=GROUP):
        name, callable_name = point.name, point.value.partition("[")[0].strip()
        try:
            check_name(name)
            check_callable(callable_name)
        except ValueError as error:
            unusable[name] = f"an installed package offers it, but {error}"
            continue
        if name in seen:
            unusable[f"{name} ({callable_name})"] = f"another installed package offers {name}, too"
            continue
        seen.add(name)
        yield name, callable_name
