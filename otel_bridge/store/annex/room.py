"""How large an answer may be: one that is made at once is held in memory at once."""

from __future__ import annotations

from typing import Final

from otel_bridge.errors import InvalidRequest

MAX_ANSWER_BYTES: Final = 64 << 20
"""Of values in one answer."""


class Room:
    """The room that is left in an answer."""

    def __init__(self) -> None:
        self._left = MAX_ANSWER_BYTES

    def take(self, size: int) -> None:
        """Take room for so many bytes; raise InvalidRequest when there is not so much left."""
        self._left -= size
        if self._left < 0:
            raise InvalidRequest(f"the answer is larger than {MAX_ANSWER_BYTES >> 20} MiB; ask with a limit")
