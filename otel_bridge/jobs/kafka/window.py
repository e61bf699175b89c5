"""Which messages a worker was lent, and up to where its group may forget them. Pure; two threads may use it.

Messages of a partition are finished in any order. Its **position** is the offset of the oldest message that
is not finished: everything before is, so that is what may be committed.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from threading import Lock
from typing import TYPE_CHECKING, Final

from otel_bridge.jobs.base import Receipt, Taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otel_bridge.jobs.base import Message

Partition = tuple[str, int]

MAX_BYTES: Final = 64 << 20
"""Of the messages that are in hand."""


class Fetched:
    """A message as it was fetched; `message` is what it says, or `unreadable` why it says nothing."""

    __slots__ = ("headers", "key", "message", "receipt", "unreadable", "value")

    def __init__(
        self,
        receipt: Receipt,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes | None]],
        *,
        message: Message | None = None,
        unreadable: str = "",
    ) -> None:
        self.receipt: Final = receipt
        self.key: Final = key
        self.value: Final = value
        self.headers: Final = headers
        self.message: Final = message
        self.unreadable: Final = unreadable

    @property
    def size(self) -> int:
        """Bytes of the message."""
        return len(self.key or b"") + len(self.value or b"")


class _Progress:
    """One partition while it is assigned to us."""

    def __init__(self, epoch: int) -> None:
        self.epoch: Final = epoch
        self.open: Final[OrderedDict[int, Fetched]] = OrderedDict()
        self.end: int | None = None
        self.committed: int | None = None

    @property
    def position(self) -> int | None:
        return next(iter(self.open), self.end)


class Window:
    """The messages in hand: fetched and not finished, `max_messages` and `MAX_BYTES` at most."""

    def __init__(self, max_messages: int, max_bytes: int = MAX_BYTES) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._epoch = 0
        self._partitions: dict[Partition, _Progress] = {}
        self._messages = 0
        self._bytes = 0
        self._waiting: deque[Fetched] = deque()
        self._unreadable: deque[Fetched] = deque()
        self._lost: list[Receipt] = []

    @property
    def full(self) -> bool:
        """Whether nothing more should be fetched."""
        return self._messages >= self._max_messages or self._bytes >= self._max_bytes

    @property
    def roomy(self) -> bool:
        """Whether so much is finished that fetching should go on."""
        return self._messages <= self._max_messages // 2 and self._bytes <= self._max_bytes // 2

    def assigned(self, partitions: Iterable[Partition]) -> None:
        """Begin with partitions that are ours now."""
        with self._lock:
            for partition in partitions:
                self._forget(partition)
                self._epoch += 1
                self._partitions[partition] = _Progress(self._epoch)

    def revoked(self, partitions: Iterable[Partition]) -> None:
        """Forget partitions that are somebody else's now, and what is in hand of them."""
        with self._lock:
            for partition in partitions:
                self._forget(partition)

    def epoch(self, partition: Partition) -> int | None:
        """Return what tells this loan of a partition from others; None when it is not ours."""
        found = self._partitions.get(partition)
        return None if found is None else found.epoch

    def fetched(self, one: Fetched) -> bool:
        """Take a message; False when its partition is not ours (any more) or it is in hand already."""
        receipt = one.receipt
        with self._lock:
            progress = self._progress(receipt)
            if progress is None or (progress.end is not None and receipt.offset < progress.end):
                return False
            if progress.end is None:
                progress.committed = receipt.offset
            progress.open[receipt.offset] = one
            progress.end = receipt.offset + 1
            self._messages += 1
            self._bytes += one.size
            (self._waiting if one.message is not None else self._unreadable).append(one)
            return True

    def take(self, limit: int) -> list[Taken]:
        """Lend up to `limit` messages that nobody has taken yet, in their order."""
        taken: list[Taken] = []
        with self._lock:
            while self._waiting and len(taken) < limit:
                one = self._waiting.popleft()
                if one.message is not None and self._held(one.receipt) is one:
                    taken.append(Taken(one.receipt, one.message))
        return taken

    def take_unreadable(self) -> list[Fetched]:
        """Lend the messages that say nothing."""
        with self._lock:
            found = [one for one in self._unreadable if self._held(one.receipt) is one]
            self._unreadable.clear()
        return found

    def finish(self, receipts: Iterable[Receipt]) -> None:
        """Be done with messages; those of former loans are left alone."""
        with self._lock:
            for receipt in receipts:
                progress = self._progress(receipt)
                one = None if progress is None else progress.open.pop(receipt.offset, None)
                if one is not None:
                    self._messages -= 1
                    self._bytes -= one.size

    def held(self, receipt: Receipt) -> Fetched | None:
        """Return a message that is in hand."""
        with self._lock:
            return self._held(receipt)

    def lost(self) -> Sequence[Receipt]:
        """Tell, once, what was in hand when its partition went away."""
        with self._lock:
            found, self._lost = self._lost, []
        return found

    def to_commit(self, partitions: Iterable[Partition] | None = None) -> list[tuple[Partition, int]]:
        """Return the positions that have moved since this was asked last, and count them as committed."""
        found = []
        with self._lock:
            for partition in list(self._partitions if partitions is None else partitions):
                progress = self._partitions.get(partition)
                if progress is None or progress.position in {None, progress.committed}:
                    continue
                progress.committed = progress.position
                assert progress.committed is not None
                found.append((partition, progress.committed))
        return found

    def not_committed(self, partitions: Iterable[Partition]) -> None:
        """Offer positions again: the brokers have not kept them."""
        with self._lock:
            for partition in partitions:
                if (progress := self._partitions.get(partition)) is not None:
                    progress.committed = None

    def _progress(self, receipt: Receipt) -> _Progress | None:
        progress = self._partitions.get((receipt.topic, receipt.partition))
        return progress if progress is not None and progress.epoch == receipt.epoch else None

    def _held(self, receipt: Receipt) -> Fetched | None:
        progress = self._progress(receipt)
        return None if progress is None else progress.open.get(receipt.offset)

    def _forget(self, partition: Partition) -> None:
        progress = self._partitions.pop(partition, None)
        for one in () if progress is None else progress.open.values():
            self._messages -= 1
            self._bytes -= one.size
            self._lost.append(one.receipt)
