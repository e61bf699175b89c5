"""What the annex needs from a store: rows to read, and slots to write inside a transaction.

One engine answers and changes for every implementation (`answers`, `changes`). What is promised:

* Feedback is kept under the id it came with. One that comes again under its id takes the place of the first,
  and keeps its place in time: so a sender that never saw the answer may repeat.
* Feedback on a call goes with the call, when the call is deleted or expires, and is never kept longer than
  calls are. It may come before its call. Feedback on anything else stays until it is purged.
* Objects, tables and files are kept under digests of their content until they are deleted: they neither
  expire nor make room, because clients remember that they sent them and do not send them again.
* A version of an object that comes again stays as it is; one that comes again after it was deleted is a new
  version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from otel_bridge.model.annex import Feedback, Price, Row, Version
    from otel_bridge.model.query import CallsQuery
    from otel_bridge.model.questions import AskPayloadSchema
    from otel_bridge.stats.payloads import Reading, Sample, Stretch
    from otel_bridge.store.scoring.base import TaskReads


class Sizes(Struct, frozen=True):
    """Bytes of content that a project keeps, each once."""

    objects: int
    tables: int
    files: int


class AnnexRows(Protocol):
    """What is kept, as the engine reads it."""

    def feedback(
        self, project_id: str, *, ids: Sequence[str] | None = None, refs: Sequence[str] | None = None
    ) -> Iterable[Feedback]:
        """Return the feedback of a project as it came, few in memory at a time.

        That of `ids` or about `refs` only, where given.
        """

    def feedback_in_time(
        self, project_id: str, *, newest_first: bool, offset: int, limit: int | None
    ) -> Iterable[Feedback]:
        """Return a part of the feedback of a project by `created_at`, and of one moment as it came."""

    def feedback_count(self, project_id: str) -> int:
        """Return how much feedback a project has."""

    def feedback_values(self, reading: Reading) -> Iterable[Stretch]:
        """Return values out of payloads in the order of time and of arrival, few in memory at a time."""

    def feedback_samples(self, asked: AskPayloadSchema) -> Iterable[Sample]:
        """Return the newest payloads of each type of feedback, no large ones, few in memory at a time."""

    def prices(self, project_id: str) -> Sequence[Price]:
        """Return the prices of a project as they came."""

    def versions(self, project_id: str, object_ids: Sequence[str] | None = None) -> Sequence[Version]:
        """Return versions without their values, deleted ones too, by name and number."""

    def monitors(self, project_id: str) -> Sequence[str]:
        """Return the names of objects of which any version is a monitor (`scoring.watching`)."""

    def values(self, versions: Sequence[Version]) -> Sequence[bytes | None]:
        """Return the values of versions, None where there is none any more."""

    def file(self, project_id: str, digest: str) -> bytes | None:
        """Return the content of a file."""

    def table_digests(self, project_id: str, digest: str) -> Sequence[str] | None:
        """Return the digests of the rows of a table in their order; None when there is no such table."""

    def table_count(self, project_id: str, digest: str) -> int | None:
        """Return how many rows a table has; None when there is no such table."""

    def table_rows(self, project_id: str, digest: str, *, offset: int, limit: int | None) -> Iterable[Row]:
        """Return rows of a table in their order, few in memory at a time."""

    def rows(self, project_id: str, digests: Sequence[str]) -> Mapping[str, bytes]:
        """Return those of the rows that are kept."""

    def sizes(self, project_id: str) -> Sizes:
        """Return how much is kept."""


class Turn(Struct, frozen=True):
    """A call that is a turn of a thread. Times are microseconds; `heard_at` is when it was last heard of."""

    thread_id: str
    id: str
    started_at: int
    ended_at: int | None
    heard_at: int


class Used(Struct, frozen=True):
    """What a call says it used. `usage` is the JSON of `summary.usage`; `plain_id` is what children call it.

    `is_span`: it came as a span, which says what it used itself. Calls that an SDK wrote say what they and
    all below them used.
    """

    id: str
    plain_id: str
    parent_id: str | None
    trace_id: str
    started_at: int
    ended_at: int | None
    usage: bytes | None
    is_span: bool


class Reads(AnnexRows, Protocol):
    """All that questions are answered from: what is kept beside calls, and a few looks at many calls."""

    @property
    def scoring(self) -> TaskReads:
        """What is kept of scoring tasks."""
        ...

    def projects(self, limit: int) -> Sequence[str]:
        """Return the names of projects that have calls, in their order, `limit` at most."""

    def known_calls(self, project_id: str, call_ids: Sequence[str]) -> Collection[str]:
        """Return which of these ids are of calls that can be seen."""

    def turns(self, project_id: str, thread_ids: Sequence[str] | None) -> Iterable[Turn]:
        """Return the turns of threads, of all where none are named."""

    def used(self, query: CallsQuery, limit: int) -> Sequence[Used]:
        """Return what the calls of a filter used, the oldest first, `limit` at most."""

    def trace_bytes(self, project_id: str) -> int:
        """Return how many bytes of JSON the inputs, outputs, attributes and summaries of a project are."""

    def trace_sizes(self, project_id: str, traces: Sequence[str]) -> Mapping[str, int]:
        """Return the same of whole traces."""


class AnnexSlots(AnnexRows, Protocol):
    """What is kept, inside a transaction; later reads see what was put."""

    def put_feedback(self, rows: Sequence[Feedback]) -> int:
        """Keep feedback; return how many ids were new."""

    def drop_feedback(self, project_id: str, ids: Sequence[str]) -> int:
        """Forget feedback; return how much there was."""

    def put_prices(self, prices: Sequence[Price]) -> None:
        """Keep prices."""

    def drop_prices(self, project_id: str, ids: Sequence[str]) -> int:
        """Forget prices; return how many there were."""

    def put_version(self, version: Version) -> None:
        """Keep a version with its value in place of what is there under its name and digest."""

    def put_file(self, project_id: str, digest: str, content: bytes) -> bool:
        """Keep a file; False when it was there."""

    def put_rows(self, project_id: str, rows: Sequence[Row]) -> None:
        """Keep rows of tables, those that are new."""

    def put_table(self, project_id: str, digest: str, row_digests: Sequence[str]) -> bool:
        """Keep a table of rows that are kept; False when it was there."""
