"""Feature gates: behaviour that is coming or going, and may be chosen by name for a few versions.

A row of `GATES` is a gate; code asks `"name" in config.gates`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Struct
from pydantic import AfterValidator

from otel_bridge.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Stage = Literal["alpha", "beta", "stable"]


class Gate(Struct, frozen=True):
    """A gate: `alpha` is off unless it is chosen, `beta` on, `stable` on for good."""

    stage: Stage
    about: str


GATES: Final[Mapping[str, Gate]] = {}
"""Id → gate. There is none in this version: all there is has no other way to be."""


def enabled(chosen: Iterable[str], gates: Mapping[str, Gate] = GATES) -> frozenset[str]:
    """Return the gates that are on, by what was chosen: `name` or `+name` turns one on, `-name` off.

    Raise ValueError for a gate that there is not, that is chosen twice, or that cannot be turned off.
    """
    on = {name for name, gate in gates.items() if gate.stage != "alpha"}
    seen: set[str] = set()
    for each in chosen:
        name = each.removeprefix("+").removeprefix("-")
        if name not in gates:
            hint = did_you_mean(name, gates) if gates else "; this version has none"
            raise ValueError(f"there is no feature gate {name}{hint}")
        if name in seen:
            raise ValueError(f"{name} is listed twice")
        if each.startswith("-") and gates[name].stage == "stable":
            raise ValueError(f"{name} is stable: it cannot be turned off any more")
        seen.add(name)
        (on.discard if each.startswith("-") else on.add)(name)
    return frozenset(on)


def _known(chosen: list[str]) -> list[str]:
    enabled(chosen)
    return chosen


FeatureGates = Annotated[list[str], AfterValidator(_known)]
