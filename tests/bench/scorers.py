"""Scorers of the benchmarks: what the least and the worst of them do."""

from __future__ import annotations


def nothing(output: object) -> bool:
    """Say yes to everything: what is left is the way to a scorer and back."""
    return True


async def nothing_async(output: object) -> bool:
    """Say yes to everything, as a coroutine."""
    return True


def spin(output: object) -> bool:
    """Never end."""
    while True:
        pass
