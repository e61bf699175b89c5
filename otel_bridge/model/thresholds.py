"""Probability sampling by trace id: thresholds and randomness as W3C trace state carries them.

From OpenTelemetry's "TraceState: Probability Sampling": a trace has 56 random bits, the last ones of its id
or `rv` of the member `ot`; it is kept when they are not below the threshold `th`. A span that was kept stands
for `1 / probability(threshold)` spans.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

BITS: Final = 56
TOP: Final = 1 << BITS
DIGITS: Final = BITS // 4
SAMPLING: Final = ("otel_bridge", "sampling")
"""Where the attributes of a call say that it was sampled: `{"threshold": "e666", "adjusted_count": 10}`, the
threshold as `th` has it, and how many calls this one stands for."""
MAX_STATE_CHARACTERS: Final = 8192
"""A longer trace state is not read."""

_TH: Final = re.compile(r"[0-9a-f]{1,14}")
_RV: Final = re.compile(r"[0-9a-f]{14}")
_VENDOR: Final = "ot"


class BadTraceState(ValueError):
    """The member `ot` of a trace state makes no sense."""


class OtState(Struct, frozen=True):
    """The member `ot` of a trace state, and the members around it as they came."""

    threshold: int | None = None
    randomness: int | None = None
    others: tuple[str, ...] = ()
    members: tuple[str, ...] = ()

    def with_threshold(self, threshold: int, randomness: int | None = None) -> str:
        """Return the trace state that says so; the member that changed comes first (W3C)."""
        own = [f"th:{spelled(threshold)}"]
        known = self.randomness if randomness is None else randomness
        if known is not None:
            own.append(f"rv:{known:014x}")
        return ",".join((f"{_VENDOR}={';'.join((*own, *self.others))}", *self.members))


def read_state(text: str) -> OtState:
    """Read a trace state; raise BadTraceState."""
    if _VENDOR not in text:
        return OtState(members=tuple(member for member in map(str.strip, text.split(",")) if member))
    if len(text) > MAX_STATE_CHARACTERS:
        raise BadTraceState("the trace state is too long")
    members, own = [], ""
    for member in map(str.strip, text.split(",")):
        if member.startswith(f"{_VENDOR}="):
            own = member.removeprefix(f"{_VENDOR}=")
        elif member:
            members.append(member)
    found: dict[str, str] = {}
    others: list[str] = []
    for part in filter(None, own.split(";")):
        key, _, value = part.partition(":")
        if key in {"th", "rv"}:
            found[key] = value
        else:
            others.append(part)
    return OtState(_threshold(found.get("th")), _randomness(found.get("rv")), tuple(others), tuple(members))


def threshold_in(state: str) -> int | None:
    """Return the threshold that a trace state carries; None where it carries none, or makes no sense."""
    if "th:" not in state:
        return None
    try:
        return read_state(state).threshold
    except BadTraceState:
        return None


def told_threshold(attributes: object) -> int:
    """Read what attributes say at `SAMPLING`, 0 for anything that is no threshold."""
    text = attributes
    for step in (*SAMPLING, "threshold"):
        text = text.get(step) if isinstance(text, dict) else None
    return int(text.ljust(DIGITS, "0"), 16) if isinstance(text, str) and _TH.fullmatch(text) else 0


def told(threshold: int) -> dict[str, str | float]:
    """Return what attributes say at `SAMPLING` of this threshold, which is below `TOP`."""
    return {"threshold": spelled(threshold), "adjusted_count": adjusted_count(threshold)}


def adjusted_count(threshold: int) -> float:
    """Return how many spans a span stands for that was kept by this threshold, which is below `TOP`."""
    return round(TOP / (TOP - threshold), 6)


def _threshold(text: str | None) -> int | None:
    if text is None:
        return None
    if _TH.fullmatch(text) is None:
        raise BadTraceState(f"th:{text[:20]} is no threshold")
    return int(text.ljust(DIGITS, "0"), 16)


def _randomness(text: str | None) -> int | None:
    if text is None:
        return None
    if _RV.fullmatch(text) is None:
        raise BadTraceState(f"rv:{text[:20]} is no randomness")
    return int(text, 16)


def threshold_of(probability: float, precision: int = DIGITS) -> int:
    """Return the threshold that keeps this share of all traces, to `precision` significant hex digits.

    A share that is too small for the 56 bits keeps nothing: `TOP`.
    """
    exact = round((1.0 - probability) * TOP) if probability > 2.0**-BITS else TOP
    # Digits f at the start say how rare a trace is; precision counts behind them.
    digits = f"{min(exact, TOP - 1):014x}"
    leading = len(digits) - len(digits.lstrip("f"))
    shift = max(0, BITS - 4 * (leading + precision))
    if exact >= TOP or not shift:
        return min(exact, TOP)
    return min(((exact + (1 << (shift - 1))) >> shift) << shift, TOP)


def probability(threshold: int) -> float:
    """Return the share of traces that a threshold keeps."""
    return (TOP - threshold) / TOP


def spelled(threshold: int) -> str:
    """Write a threshold as `th` has it: hex digits without the zeros at the end."""
    return f"{threshold:014x}".rstrip("0") or "0"


def randomness_of(trace_id: str) -> int:
    """Return the last 56 bits of a trace id in hex, with or without dashes."""
    return int(trace_id.replace("-", "")[-DIGITS:], 16)
