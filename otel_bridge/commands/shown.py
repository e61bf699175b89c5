"""How numbers and states look to a person."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECOND: Final = 1000
_MINUTE: Final = 60 * _SECOND
_CENT: Final = 0.01
_COLORS: Final = {"success": "green", "error": "red", "running": "yellow", "descendant_error": "magenta"}


def clean(text: str) -> str:
    """Return text without what a terminal would obey: other than printable characters are escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )


def in_line(text: str) -> str:
    """Put a text on one line, clean."""
    return clean(" ".join(text.split()))


def latency(millis: float | None) -> str:
    """Show a duration: `7 ms`, `1.25 s`, `3 m 20 s`."""
    if millis is None:
        return ""
    if millis < _SECOND:
        return f"{millis:.0f} ms"
    if millis < _MINUTE:
        return f"{millis / _SECOND:.2f} s"
    minutes, rest = divmod(round(millis / _SECOND), 60)
    return f"{minutes} m {rest} s"


def money(dollars: float | None) -> str:
    """Show US dollars, small sums with the digits that matter."""
    if not dollars:
        return ""
    if dollars >= _CENT:
        return f"${dollars:.2f}" if dollars >= 1 else f"${dollars:.4f}"
    return f"${Decimal(f'{dollars:.2g}'):f}"


def number(value: float | None) -> str:
    """Show a number with groups of digits; nothing for none."""
    return f"{value:,.0f}" if value else ""


def color(status: str) -> str:
    """Choose a color."""
    return _COLORS.get(status, "default")


def weave(call: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the derived members of a call."""
    found: Mapping[str, Any] = call["summary"]["weave"]
    return found


def name(call: Mapping[str, Any]) -> str:
    """Return the name a call goes by, on one line."""
    return in_line(weave(call).get("display_name") or weave(call).get("trace_name") or call["op_name"])


def tokens(call: Mapping[str, Any]) -> tuple[int, int]:
    """Add up the tokens in and out of a call, over its models."""
    usage = call["summary"].get("usage")
    entries = [each for each in usage.values() if isinstance(each, dict)] if isinstance(usage, dict) else []
    return _sum(entries, "prompt_tokens", "input_tokens"), _sum(entries, "completion_tokens", "output_tokens")


def _sum(entries: list[dict[str, Any]], *names: str) -> int:
    values = [each.get(name) for each in entries for name in names]
    return sum(int(value) for value in values if isinstance(value, int | float))


def cost(call: Mapping[str, Any]) -> float:
    """Add up what a call cost, over its models."""
    costs = weave(call).get("costs") or {}
    kinds = ("prompt_tokens", "completion_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return sum(entry.get(f"{kind}_total_cost") or 0.0 for entry in costs.values() for kind in kinds)
