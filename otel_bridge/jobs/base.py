"""The promise of a queue of scoring jobs between the bridge, which puts them, and workers, which take them.

The ledger (`store.scoring`) stays the truth about every task: a message only says which tasks a worker should
claim next. So delivery is at least once, and doing a message twice changes nothing.

* A message is put before anyone is told so: `put` and `tell` return when the queue has it on disk, as durable
  as the queue is configured to be.
* Each message is lent to one worker of the group at a time. A worker that dies, or that the queue believes
  dead, loses what it was lent: it is lent again, to another one.
* Messages may be finished in any order; the queue remembers a message as finished only when all before it (of
  its partition) are, so a crash brings some finished ones back.
* What cannot be understood is buried: kept aside in the dead letters with the reason, and not lent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from msgspec import Struct

from otel_bridge.model.scoring import EndedCall

if TYPE_CHECKING:
    from collections.abc import Sequence


class ScoreCalls(Struct, frozen=True, kw_only=True):
    """Each of the scorers is to be applied to each of the calls: at most `MAX_MESSAGE_CALLS` of one project.

    The first four members are Weave's `CallsScoreReq`; the others travel beside it, as in `Task`.
    """

    project_id: str
    call_ids: tuple[str, ...]
    scorer_refs: tuple[str, ...]
    wb_user_id: str | None = None
    job_id: str = ""
    trigger_ref: str | None = None
    generation: int = 0


Message: TypeAlias = ScoreCalls | EndedCall


class Receipt(Struct, frozen=True):
    """Names a message that was lent; `epoch` tells loans of the same message apart."""

    topic: str
    partition: int
    offset: int
    epoch: int


class Taken(Struct, frozen=True):
    """A message that is lent to this worker."""

    receipt: Receipt
    message: Message


class JobProducer(Protocol):
    """Puts jobs, on the event loop."""

    async def put(self, messages: Sequence[ScoreCalls]) -> None:
        """Return when all messages are kept by the queue.

        Raise Unavailable when that is not known of every one: some may be kept, and asking again is safe.
        """

    async def tell(self, ended: Sequence[EndedCall]) -> None:
        """Return when the queue has kept that these calls ended; raise Unavailable as `put` does."""


class JobConsumer(Protocol):
    """Takes jobs, on the event loop."""

    async def take(self, limit: int, *, ended: int, wait_seconds: float) -> Sequence[Taken]:
        """Lend up to `limit` jobs and up to `ended` ended calls, waiting for the first one so long.

        What was taken and is not finished bounds what is fetched: a worker that is slow holds few messages.
        Return early, with nothing, when messages were lost.
        """

    def ack(self, receipts: Sequence[Receipt]) -> None:
        """Finish messages: their results are kept. Those that belong to somebody else by now stay his."""

    async def bury(self, taken: Sequence[Taken], reason: str) -> None:
        """Keep messages as dead letters, then finish them; raise Unavailable when that was not possible."""

    def lost(self) -> Sequence[Receipt]:
        """Tell, once, which messages were taken and now belong to somebody else."""
