"""The store's promise: what a writer and a reader of calls guarantee, whoever implements them.

One test suite, `tests/contract/store`, runs against every implementation. All methods block; they belong in a
process or thread of their own. Merge rule (`contract/weave-api.md` §1.1, one rule for every arrival order):

* A call becomes visible with its start. An end or an update that comes first is kept and waits for it.
* A start that carries a whole span (`span` or `otel_dump`) beats one without, field by field: its fields that
  are not None win, the other start fills what it leaves None.
* Else the later arrival's fields that are not None win.
* An `UpdatedCall` beats the display name of any start. A deleted id stays deleted, however old the deletion.
* Between two records of one span, the one that has ended beats the one still open.
* Two different spans under one id (other trace, or other `span_start_ns`) are two calls: the one that comes
  second is kept under `merge.derived_id` (`contract/otlp-receiver.md` §8). Its end goes with it. Its children
  know it by its own id. A deleted span does not take another span of its id with it.
* A call whose start time changes by a merge counts as a new arrival.
* An end that came on its own after the span's own end stands, field by field, when the span is derived again.

Log records (`LoggedSpan`) belong to the span of their project, trace and id:

* Whichever comes first: records without their span wait unseen; the call of a span is what the translator
  makes of it and of all its records, in the order of their times. So no order of arrival matters.
* A record is kept once, however often and in whatever batches it comes. Only what the span itself had said of
  its call changes by them: a name that a person gave, an end written through the API and the like stand.
* They go with their call, by retention, by the size cap and by deletion; later ones for a deleted span are
  dropped. Those that wait go when they have waited as long as a call is kept.
* What one span has is bounded by `limits.MAX_LOGS_BYTES`; what does not fit is dropped and counted.
* `attributes.otel_span` shows them as its member `logs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.annex import AnnexChange
    from otel_bridge.model.call import Change
    from otel_bridge.model.query import CallsQuery
    from otel_bridge.model.questions import Question
    from otel_bridge.model.tasks import Backlog, ScoringAnswer, ScoringChange
    from otel_bridge.stats.measure import Measure, Measured
    from otel_bridge.store.erasure import EraseCursor, Erased, Erasure
    from otel_bridge.store.retranslation import Cursor, Retranslated, Retranslation


class Applied(Struct, frozen=True):
    """What one request's changes came to: counts for the metrics.

    Every change is one of `created` (the first record of an id), `merged` (it completed, changed or deleted
    something) and `unchanged` (it came again, or came for a deleted id). `collisions` are the created calls
    that live under a derived id. `cut` are log records that were dropped, because their span has enough.
    `answer` is the body of the request's answer, where only the store knows it.
    """

    created: int = 0
    merged: int = 0
    unchanged: int = 0
    collisions: int = 0
    cut: int = 0
    answer: bytes | None = None


class CallWriter(Protocol):
    """The only one that changes the store. Not safe for concurrent use, but see `commit`."""

    def prepare(self, changes: Sequence[Change | AnnexChange]) -> None:
        """Do ahead what `apply` would do with the same objects; optional, and safe during a `commit`."""

    def begin(self) -> None:
        """Open a transaction. Raise Unavailable when the store cannot take writes now."""

    def apply(self, changes: Sequence[Change | AnnexChange], *, received_at: int) -> Applied:
        """Apply the changes of one request inside the open transaction, all or none of them.

        A request changes calls, or what is kept beside them (`annex.base`), not both.

        `received_at` is microseconds since the epoch; retention counts from it. Raise Unavailable when the
        disk or the size cap is full, Refused for a value that cannot be stored. When the request had been
        half written, the whole transaction is lost with it: `commit` then says so, keeping nothing.
        """

    def retranslate(self, asked: Retranslation, cursor: Cursor | None = None) -> Retranslated:
        """Derive some stored calls again from their spans and logs, inside the open transaction.

        One short step: call it, commit, and go on at the cursor it returned, until there is none. Without a
        cursor a run begins; where one of the same kind was stopped, by whatever, it goes on there. A call
        keeps its id, its place among the arrivals and its age, and what the API or a person gave it; calls
        without a span are left alone, and one whose span cannot be read stays as it was. Calls that arrive
        after the run began are not part of it. Raise Unavailable as `apply` does.
        """

    def erase(self, asked: Erasure, cursor: EraseCursor | None = None) -> Erased:
        """Erase some calls for good, with all that hangs on them, inside the open transaction.

        One short step: call it, commit, and go on at the cursor it returned, until there is none. The calls
        and all below them, their bodies, spans, log records, feedback, scoring tasks and runs of scorers go;
        their ids stay deleted, and nothing else is remembered of them. In the phase `clean` steps of
        `maintain` overwrite the space they took; those go on after a crash without being asked again.
        """

    def apply_scoring(self, change: ScoringChange, *, now: int) -> ScoringAnswer:
        """Change scoring tasks by the rules of `scoring.base`, inside the open transaction, all or nothing.

        Runs and feedback are kept with them. `now` is microseconds since the epoch. Raise as `apply` does.
        """

    def backlog(self) -> Backlog:
        """Return how much scoring is to be done; between two transactions."""

    def commit(self) -> None:
        """Return only when everything applied would survive a power cut; readers see it from then on.

        May be called from another thread than `apply`, as long as nothing else is called meanwhile.
        Raise Unavailable when it cannot be made durable: then nothing of the transaction is kept.
        """

    def rollback(self) -> None:
        """Forget the open transaction; a no-op without one."""

    def maintain(self, *, now: int) -> bool:
        """Do one short step of retention, size cap and file upkeep (some ms). True: there is more to do.

        Call it between two transactions, `now` in microseconds since the epoch. Trouble with the disk is left
        for the next step.
        """

    @property
    def expired(self) -> int:
        """Calls that retention and the size cap have removed since the store was opened."""

    def close(self) -> None:
        """Close the store; what was not committed is forgotten."""


class Plan(Struct, frozen=True):
    """Which calls answer a query, in order: their sequence numbers, and where to go on.

    `after` is opaque: hand it back to `CallReader.plan` for the next part. None: this was the last part.
    """

    seqs: tuple[int, ...]
    after: bytes | None = None


class CallReader(Protocol):
    """Reads what was committed. Safe to use from several threads. Never holds a snapshot between calls."""

    def plan(self, query: CallsQuery, *, after: bytes | None = None) -> Plan:
        """Select the next part of the calls of `query`, in order; raise QueryTimeout when that takes long.

        Calls that arrive after the first part was planned are not in later parts; calls deleted since are
        missing from `lines`. No call comes twice.
        """

    def lines(self, query: CallsQuery, seqs: Sequence[int]) -> bytes:
        """Render these calls as JSONL, in this order (`contract/weave-api.md` §2.6), but for those gone."""

    def spans(self, project_id: str, seqs: Sequence[int]) -> bytes:
        """Return the stored spans of these calls, byte for byte: OTLP `TracesData`, one after the other.

        Joined so they are one `TracesData` message. Calls without a span, and those gone, are left out.
        """

    def count(self, query: CallsQuery) -> int:
        """Count the calls that match `query.filter`; `limit` caps the count, offset and order do not matter.

        Raise QueryTimeout when it takes too long.
        """

    def answer(self, question: Question) -> bytes:
        """Answer a question about what lies beside calls, or about many calls at once.

        JSON, but for the content of a file and the JSON lines of threads. Raise NotFound, InvalidRequest for
        a question about too many calls, or QueryTimeout when it takes too long.
        """

    def measure(self, asked: Measure) -> Measured:
        """Add up what `stats.metrics` says of the calls and of their usage, bucket by bucket.

        Buckets are read one after the other: calls that come meanwhile may be in later ones. Raise
        QueryTimeout when it takes too long.
        """

    def close(self) -> None:
        """Close every connection."""
