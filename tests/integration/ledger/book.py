"""What the fake model bills: every answer it gave, with figures no two of which are alike."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

SMALLEST, LARGEST = 101, 9_999
"""Tokens of one figure."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one answer; cached ones are part of `input`, reasoning is part of `output`."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0

    @property
    def fresh(self) -> int:
        """The input that no cache had to do with: what Anthropic calls `input_tokens`."""
        return self.input - self.cache_read - self.cache_write


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the bill."""

    endpoint: str
    model: str
    usage: Usage
    streamed: bool = False


@dataclass
class Ledger:
    """The bill of one program: the same seed always gives the same figures."""

    seed: str
    entries: list[Entry] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    """Statuses of the answers that cost nothing."""

    def __post_init__(self) -> None:
        self._figures = random.Random(self.seed)
        self._drawn: set[int] = set()

    def bill(self, endpoint: str, model: str, *, speaks: bool, streamed: bool) -> Usage:
        """Draw the usage of one answer and enter it; one that does not speak has an output of 0."""
        fresh, read, written, spoken, reasoning = (self._draw() for _ in range(5))
        if endpoint == "generateContent":
            written = 0  # Google's answers count no such thing
        if not speaks:
            spoken = reasoning = 0
        usage = Usage(fresh + read + written, spoken + reasoning, read, written, reasoning)
        if endpoint == "embeddings":
            usage = Usage(input=fresh)
        self.entries.append(Entry(endpoint, model, usage, streamed=streamed))
        return usage

    def _draw(self) -> int:
        while (figure := self._figures.randint(SMALLEST, LARGEST)) in self._drawn:
            pass
        self._drawn.add(figure)
        return figure
