"""What scorers print: lines in the log, not in the protocol, and not without end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from otel_bridge.telemetry import log

if TYPE_CHECKING:
    import asyncio

READ_BYTES: Final = 1 << 16
MAX_LINE_CHARACTERS: Final = 2000
MAX_LINES: Final = 100
"""Lines of one process that are logged within `PERIOD_SECONDS`; the others are counted."""
PERIOD_SECONDS: Final = 60.0


class Printed:
    """Logs what a process prints, under the name of the `scorer` that it was running."""

    def __init__(self) -> None:
        self.scorer = ""
        self._rest = b""
        self._lines = 0
        self._dropped = 0
        self._since = time.monotonic()

    async def listen(self, stream: asyncio.StreamReader) -> None:
        """Read until the process closes its end."""
        while data := await stream.read(READ_BYTES):
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._tell(line)
            self._rest = self._rest[: MAX_LINE_CHARACTERS * 4]

    def flush(self) -> None:
        """Tell the last line, and how many were not told."""
        if self._rest:
            self._tell(self._rest)
            self._rest = b""
        self._tell_dropped()

    def _tell(self, line: bytes) -> None:
        if time.monotonic() - self._since > PERIOD_SECONDS:
            self._tell_dropped()
            self._lines, self._since = 0, time.monotonic()
        if self._lines >= MAX_LINES:
            self._dropped += 1
            return
        self._lines += 1
        text = line.decode(errors="replace").rstrip()[:MAX_LINE_CHARACTERS]
        if text:
            log().info("a scorer printed", scorer=self.scorer, line=text)

    def _tell_dropped(self) -> None:
        if self._dropped:
            log().warning("a scorer printed more than is logged", scorer=self.scorer, lines=self._dropped)
            self._dropped = 0
