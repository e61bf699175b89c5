"""The queue's promise: what waits to be delivered is kept until every destination has it.

One writer (`QueueWriter`, in the writer process), any number of readers (`QueueReader`, in any process), and
the service's view of both (`Outbox`). `tests/contract/queue` holds an implementation to it.

* A **record** is what one request brought for one lane: spans (`kind` "spans": one OTLP `TracesData` message,
  `queue.payload.read_spans`) or calls written through the API ("calls": `queue.payload.read_changes`). It is
  kept once, however many destinations it is for, and says nothing about how it will be translated. It is
  for all destinations, or for those it names.
* A **lane** is a project's share of the queue that is delivered in order: spans of one trace always take the
  same lane, everything written through the API takes lane `API_SHARD` of its project. So a lane is delivered
  by one batch at a time, and lanes do not wait for each other.
* A **barrier** is a record that must not overtake anything of its project: an update, a deletion. It is lent
  alone, and only when the destination has everything of the project that came before it.
* A **destination** has a **cursor** in each lane: it has everything up to there. A record goes when it lies
  behind the cursors of all its destinations. Sequence numbers only grow, also when the queue runs empty.
* Delivery is at least once: what was lent and not settled when a process dies is lent again.
* For each destination, always and after every crash: put = delivered + dead letters + lost + waiting (calls).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from otel_bridge.store.erasure import EraseCursor, Erased, Erasure

SPAN_SHARDS: Final = 4
"""Lanes of a project's spans: as many batches of one project can be under way to a destination."""
API_SHARD: Final = 0
"""The lane of what was written through the API; spans take 1 to `SPAN_SHARDS`, by their trace id."""

Kind: TypeAlias = Literal["spans", "calls"]

Reason: TypeAlias = Literal["refused", "too_old", "too_large", "overflow", "corrupt"]
"""Why a call is a dead letter: the destination refused it for good; it waited longer than it may; it alone is
larger than the destination takes; it made room in a full queue (for a destination that is not required); its
record is damaged on disk."""


class Destination(Struct, frozen=True):
    """Where records go: the id of an exporter. One that is not required never refuses a client.

    Where it takes no calls, whoever puts records names the destinations of those of the kind "calls".
    """

    name: str
    required: bool = True
    takes_calls: bool = True


class QueueLimits(Struct, frozen=True, kw_only=True):
    """When the queue refuses records, and when it gives up on them."""

    max_bytes: int = 1 << 30
    """Bytes of the records that wait, as they lie on disk; the file is at most some percent larger."""
    max_age_seconds: int | None = None
    """Older records become dead letters. Counted on the monotonic clock while a bridge runs: setting the
    system's clock changes nothing, and a stop counts as an hour at most."""
    min_free_bytes: int = 256 << 20
    """With less room than this on its disk the queue takes nothing more."""
    max_dead_bytes: int = 256 << 20
    """Bytes of dead letters; above, the oldest go, counted as lost."""


class NewRecord(Struct, frozen=True, kw_only=True):
    """A record to put. `payload` as `queue.payload` makes it; `received_ns` since the Unix epoch.

    `destinations`: it is for these alone; None: for all that the queue was opened for.
    """

    project_id: str
    shard: int
    kind: Kind
    calls: int
    payload: bytes
    received_ns: int
    wb_run_id: str | None = None
    barrier: bool = False
    destinations: tuple[str, ...] | None = None


class Record(Struct, frozen=True, kw_only=True):
    """A record as it is lent; members as in `NewRecord`. `damage`: it cannot be read, and why; no payload."""

    seq: int
    kind: Kind
    calls: int
    payload: bytes
    received_ns: int
    wb_run_id: str | None = None
    barrier: bool = False
    damage: str | None = None


class Lent(Struct, frozen=True):
    """Records of one lane, oldest first. `blocked`: the next one is a barrier whose time has not come."""

    records: tuple[Record, ...]
    blocked: bool = False


class DeadCall(Struct, frozen=True, kw_only=True):
    """One call that will not be delivered: item `index` of record `seq`.

    `payload` is the item alone, as `queue.payload` makes it; `status` and `answer` are the destination's.
    """

    seq: int
    index: int
    kind: Kind
    payload: bytes
    reason: Reason
    received_ns: int
    wb_run_id: str | None = None
    status: int | None = None
    answer: bytes = b""


class Cursor(Struct, frozen=True, kw_only=True):
    """A destination's place in a lane: it has everything up to `seq`. The rest waits: records, calls, bytes.

    `oldest_at` is when the oldest of them came, by the queue's clock (`QueueSizes.now`); None: nothing waits.
    """

    destination: str
    seq: int
    records: int
    calls: int
    bytes: int
    oldest_at: int | None = None


class Lane(Struct, frozen=True, kw_only=True):
    """A lane, and who waits for what in it. Without cursors it is gone; its id does not come again."""

    id: int
    project_id: str
    shard: int
    last_seq: int
    cursors: tuple[Cursor, ...]


class Totals(Struct, frozen=True, kw_only=True):
    """Calls of one destination since the queue was made; kept with the records, and as durable."""

    destination: str
    put: int = 0
    delivered: int = 0
    dead: int = 0
    lost: int = 0
    waiting: int = 0


class QueueSizes(Struct, frozen=True, kw_only=True):
    """How full the queue is. Bytes as in `QueueLimits`; `now` is the queue's clock, in seconds.

    `refused` counts the calls that were not taken since the queue was opened, by why: "full", "disk" (too
    little room on it) or "io" (the disk failed).
    """

    now: int
    bytes: int
    max_bytes: int
    records: int
    dead_bytes: int
    dead_calls: int
    damaged: int
    totals: tuple[Totals, ...]
    refused: dict[str, int] = {}


class QueueWriter(Protocol):
    """The only one that changes the queue. Blocks. Not safe for concurrent use, but see `commit`."""

    def prepare(self, records: Sequence[NewRecord]) -> None:
        """Do ahead what `put` would do with the same objects; optional, and safe during a `commit`."""

    def begin(self) -> None:
        """Open a transaction. Raise Unavailable when the queue cannot take writes now."""

    def put(self, records: Sequence[NewRecord]) -> None:
        """Add the records of one request, all or none, inside the open transaction.

        Raise Unavailable when the queue or its disk is full. What waits for destinations that are not
        required makes room first, oldest first, and becomes dead letters.
        """

    def settle(
        self,
        destination: str,
        lane: int,
        through: int,
        *,
        dead: Sequence[DeadCall] = (),
        damaged: Sequence[int] = (),
        given_up: bool = False,
    ) -> None:
        """Move a cursor: the destination has everything up to `through` but for the dead calls.

        Inside the open transaction. Dead calls are durable before their cursor moves; none is kept twice.
        The records `damaged`, by their seq, are put aside and counted as lost. Settling again is a no-op.
        What a person has `given_up` is counted as lost, not as delivered.
        """

    def erase(self, asked: Erasure, cursor: EraseCursor) -> Erased:
        """Take calls out of what waits and out of dead letters, inside the open transaction.

        One short step of the phases `queue` and `dead`, as `store.base.CallWriter.erase`. What was erased
        counts as lost. Records that hold calls of others are written anew without those.
        """

    def is_clean(self) -> bool:
        """Tell whether steps of `maintain` have overwritten all that was erased."""

    def commit(self) -> None:
        """Return only when everything put since `begin` would survive a power cut.

        May be called from another thread than `put`, as long as nothing else is called meanwhile.
        Raise Unavailable when it cannot be made durable: then nothing of the transaction is kept.
        """

    def rollback(self) -> None:
        """Forget the open transaction; a no-op without one."""

    def maintain(self) -> bool:
        """Do one short step of upkeep between two transactions (some ms). True: there is more to do.

        Trouble with the disk is left for the next step.
        """

    def changed(self) -> Sequence[Lane]:
        """Return the lanes that changed since this was asked last; all of them at first."""

    def sizes(self) -> QueueSizes:
        """Tell how full the queue is."""

    def close(self) -> None:
        """Close the files; what was not committed is forgotten."""


class QueueReader(Protocol):
    """Reads what was committed, beside the writer, from any process. Blocks. No snapshot outlives a call."""

    def read(self, destination: str, lane: int, after: int, *, max_calls: int, max_bytes: int) -> Lent:
        """Lend the next records of a lane, oldest first; at least one if there is one.

        `max_bytes` counts payloads as they are once unpacked. A barrier comes alone. Nothing changes by
        this: the same call lends the same again until `QueueWriter.settle`. Raise Unavailable when the disk
        cannot be read now.
        """

    def close(self) -> None:
        """Close the file."""


class Outbox(Protocol):
    """The queue as the service sees it, on the event loop."""

    def lanes(self, destination: str) -> Collection[Lane]:
        """Return the lanes in which something waits for a destination, as the writer last told."""

    def lane(self, destination: str, lane: int) -> Lane | None:
        """Return one of these lanes; None when nothing waits for the destination there."""

    def sizes(self) -> QueueSizes:
        """Return how full the queue is, as the writer last told."""

    async def changes(self, seen: int) -> int:
        """Wait until lanes have changed more than `seen` times (0 at first); return how often by now."""

    async def settle(
        self,
        destination: str,
        lane: int,
        through: int,
        *,
        dead: Sequence[DeadCall] = (),
        damaged: Sequence[int] = (),
    ) -> None:
        """`QueueWriter.settle`, kept when it returns. Raise Unavailable when it could not be: try again."""
