"""How many examples a test draws: a third of them by default, all with `--hypothesis-profile new`."""

from __future__ import annotations

from hypothesis import settings


def examples(count: int) -> int:
    """Return a test's share of `count`, which is what the profile `new` draws."""
    return max(10, count * settings().max_examples // 100)
