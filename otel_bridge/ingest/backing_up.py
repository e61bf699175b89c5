"""The writer's part of a backup: one short step whenever it is asked for one, between two transactions."""

from __future__ import annotations

import time
import traceback
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otel_bridge.errors import BridgeError, Refused, Unavailable
from otel_bridge.ingest.failure import failure
from otel_bridge.ingest.frames import frame
from otel_bridge.ingest.repair_frames import BackedUp, BackUp
from otel_bridge.store.copying import TICKET_FILE, Copied
from otel_bridge.store.sqlite.copying import Copying

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import apsw

    from otel_bridge.store.copying import CopyAsked

FORGOTTEN_SECONDS: Final = 30.0
"""A copy that nobody has asked a step of for so long ends."""
_TICKET_CHARS: Final = 200


class Backups:
    """One copy of `sources` at a time (`store.sqlite.copying`), for whoever asks for its steps."""

    def __init__(self, sources: Mapping[str, apsw.Connection], reply: Callable[[bytes], None]) -> None:
        self._sources = sources
        self._reply = reply
        self._asked: deque[BackUp] = deque()
        self._copying: Copying | None = None
        self._place: tuple[str, str] | None = None
        self._asked_at = 0.0

    @property
    def waiting(self) -> bool:
        """Whether a step was asked for."""
        return bool(self._asked)

    def ask(self, request: BackUp) -> None:
        """Take a request; `work` answers it."""
        self._asked.append(request)

    def work(self) -> None:
        """Do one step, if one was asked for; outside of a transaction."""
        if not self._asked:
            if self._copying is not None and time.monotonic() - self._asked_at > FORGOTTEN_SECONDS:
                self.close()
            return
        request = self._asked.popleft()
        try:
            done = self._step(request.asked)
        except Exception as error:  # noqa: BLE001 - told to the one who asked
            if not isinstance(error, Unavailable):
                self.close()
            self._reply(frame(failure(request.id, error, traceback.format_exc())))
        else:
            self._reply(frame(BackedUp(request.id, done)))

    def close(self) -> None:
        """End the copy that is under way."""
        if self._copying is not None:
            self._copying.close()
        self._copying = self._place = None

    def _step(self, asked: CopyAsked) -> Copied:
        place = (asked.directory, asked.ticket)
        if asked.stop:
            if place == self._place:
                self.close()
            return Copied(0, 0)
        if place != self._place:
            self._begin(asked)
        self._asked_at = time.monotonic()
        assert self._copying is not None
        done = self._copying.step()
        if done.finished:
            self.close()
        return done

    def _begin(self, asked: CopyAsked) -> None:
        if self._copying is not None:
            raise Unavailable("another backup is under way")
        _check_ticket(asked)
        try:
            self._copying = Copying(self._sources, Path(asked.directory))
        except (OSError, BridgeError) as error:
            raise Refused(f"cannot write into {asked.directory}: {error}") from error
        self._place = (asked.directory, asked.ticket)


def _check_ticket(asked: CopyAsked) -> None:
    import secrets  # noqa: PLC0415 - loads OpenSSL, which a writer does without

    folder = Path(asked.directory)
    try:
        kept = (folder / TICKET_FILE).read_text(encoding="utf-8")[:_TICKET_CHARS]
        kept = kept if folder.is_absolute() else ""
    except (OSError, UnicodeDecodeError, ValueError):
        kept = ""
    if not kept or not secrets.compare_digest(kept.encode(), asked.ticket.encode()):
        raise Refused(
            f"the bridge does not find the ticket in {asked.directory}: it must be one that the bridge"
            " and the one who asks both reach under this name"
        )
