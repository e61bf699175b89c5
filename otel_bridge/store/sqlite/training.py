"""Trains the dictionary of a database beside its writer, once in its life."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from otel_bridge.store.sqlite.codec import train

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.store.sqlite.codec import SpanCodec


class Training:
    """Takes the samples, trains in a thread (in C, without the interpreter), hands over what comes out."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._trained: list[bytes | None] = []

    def step(self, codec: SpanCodec, keep: Callable[[bytes], object], *, wanted: bool) -> None:
        """Start training where a dictionary is wanted, or have its result kept; a no-op otherwise.

        Call it between two transactions. What `keep` raises passes; it is asked again the next time.
        """
        if self._trained:
            self.close()
            (content,) = self._trained
            if content is not None:
                keep(content)
            self._trained.clear()
        elif wanted and (samples := codec.samples()):
            self._thread = threading.Thread(
                target=lambda: self._trained.append(train(samples)), name="training", daemon=True
            )
            self._thread.start()

    def forget(self) -> None:
        """Throw away what is being trained: it may hold what was erased."""
        self.close()
        self._trained.clear()

    def close(self) -> None:
        """Wait for the thread."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
