"""What has come for the writer process and is not done yet, in the order it came."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from otel_bridge.ingest import frames
from otel_bridge.ingest.pace import RECEIVE_BYTES
from otel_bridge.ingest.repair_frames import BackUp

if TYPE_CHECKING:
    import socket


class Inbox:
    """Requests that wait, those for backups by themselves. `open`: more may come."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._cutter = frames.Cutter()
        self.waiting: Final[deque[tuple[frames.Request, bytes]]] = deque()
        self.backups: Final[deque[BackUp]] = deque()
        self.open = True

    def receive(self) -> None:
        """Take what the connection has now."""
        try:
            data = self._connection.recv(RECEIVE_BYTES)
        except OSError:
            data = b""
        self.open = bool(data)
        for head, body in self._cutter.feed(data):
            request = frames.decode_request(head)
            if isinstance(request, BackUp):
                self.backups.append(request)
            else:
                self.waiting.append((request, body))

    @property
    def is_order(self) -> bool:
        """Tell whether the next request changes how the ones behind it are to be taken."""
        return bool(self.waiting) and isinstance(self.waiting[0][0], frames.Reconfigure)
