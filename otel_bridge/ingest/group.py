"""Group commit: requests that wait together become durable together, and fail alone."""

from __future__ import annotations

import os
import threading
import time
import traceback
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol

from otel_bridge.errors import BridgeError
from otel_bridge.ingest.failure import failure
from otel_bridge.ingest.frames import frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otel_bridge.ingest.ledger import Ledger


class Log(Protocol):
    """Sends an event to the service's log."""

    def __call__(self, event: str, /, **fields: str | float) -> None:
        """Log `event`."""


class Applicable(Protocol):
    """A request that is ready to be applied (`ingest.requests`)."""

    @property
    def id(self) -> int:
        """Its number."""

    def apply(self, ledger: Ledger) -> bytes:
        """Apply it in the open transaction; return the frame that says it is kept."""


class GroupCommit:
    """Applies groups of requests to the ledger and commits them in a thread of its own.

    The thread runs nothing but `Ledger.commit`, so that the caller may decode and translate the next
    group while the disk works. One group is under way at a time; `wakeup` becomes readable when it is done.
    `ended` is called after a commit, before its requests are answered.
    """

    def __init__(
        self, ledger: Ledger, reply: Callable[[bytes], None], ended: Callable[[], None] = lambda: None
    ) -> None:
        self._ledger = ledger
        self._reply = reply
        self._ended = ended
        self._kept: list[tuple[Applicable, bytes]] = []
        self._orders: SimpleQueue[bool] = SimpleQueue()
        self._outcomes: SimpleQueue[BaseException | None] = SimpleQueue()
        self.wakeup, self._done = os.pipe()
        self.busy = False
        self.seconds = 0.0
        """How long the last commit took."""
        self._thread = threading.Thread(target=self._commit_on_order, name="commit", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether a commit has ended that nobody has finished yet."""
        return not self._outcomes.empty()

    def submit(self, group: Sequence[Applicable]) -> None:
        """Apply `group` and start its commit; requests that cannot be applied are answered at once."""
        assert not self.busy
        self._kept = self._apply(group)
        if self._kept:
            self.busy = True
            self._orders.put(True)

    def finish(self) -> None:
        """Wait for the commit under way and answer its requests; a no-op without one."""
        if not self.busy:
            return
        error = self._outcomes.get()
        os.read(self.wakeup, 1)
        self.busy = False
        if error is None:
            self._ended()
            self._reply(b"".join([reply for _, reply in self._kept]))
        else:
            self._ledger.rollback()
            text = "".join(traceback.format_exception(error))
            self._reply(b"".join([frame(failure(request.id, error, text)) for request, _ in self._kept]))
        self._kept = []

    def close(self) -> None:
        """Finish what is under way and end the thread."""
        self.finish()
        self._orders.put(False)
        self._thread.join()
        os.close(self.wakeup)
        os.close(self._done)

    def _apply(self, group: Sequence[Applicable]) -> list[tuple[Applicable, bytes]]:
        """Apply what can be applied; a request that meets a bug takes nobody with it."""
        waiting = list(group)
        while waiting:
            kept: list[tuple[Applicable, bytes]] = []
            try:
                self._ledger.begin()
            except Exception as error:  # noqa: BLE001 - every request must be answered
                self._refuse(waiting, error)
                return []
            for request in list(waiting):
                try:
                    kept.append((request, request.apply(self._ledger)))
                except BridgeError as error:  # the ledger left the transaction as it was
                    waiting.remove(request)
                    self._refuse([request], error)
                except Exception as error:  # noqa: BLE001 - the transaction is in doubt: start over without it
                    self._ledger.rollback()
                    waiting.remove(request)
                    self._refuse([request], error)
                    break
            else:
                if not kept:
                    self._ledger.rollback()
                return kept
        return []

    def _refuse(self, requests: Sequence[Applicable], error: BaseException) -> None:
        text = "".join(traceback.format_exception(error))
        for request in requests:
            self._reply(frame(failure(request.id, error, text)))

    def _commit_on_order(self) -> None:
        while self._orders.get():
            error: BaseException | None = None
            start = time.perf_counter()
            try:
                self._ledger.commit()
            except BaseException as caught:  # noqa: BLE001 - carried to the caller of finish()
                error = caught
            self.seconds = time.perf_counter() - start
            self._outcomes.put(error)
            os.write(self._done, b".")
