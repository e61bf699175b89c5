"""The annex in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from otel_bridge.model.annex import Row
from otel_bridge.store.annex.base import Sizes
from otel_bridge.store.annex.refs import call_of
from otel_bridge.store.annex.values import samples, values
from otel_bridge.store.scoring.watching import is_monitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from otel_bridge.model.annex import Feedback, Price, Version
    from otel_bridge.model.questions import AskPayloadSchema
    from otel_bridge.stats.payloads import Reading, Sample, Stretch

_Key = tuple[str, str]


class MemoryAnnex:
    """`annex.base.AnnexSlots` over dictionaries; a copy of it is a transaction."""

    def __init__(self) -> None:
        self._feedback: dict[_Key, Feedback] = {}
        self._prices: dict[_Key, Price] = {}
        self._versions: dict[tuple[str, str, bool, str], Version] = {}
        self._files: dict[_Key, bytes] = {}
        self._rows: dict[_Key, bytes] = {}
        self._tables: dict[_Key, tuple[str, ...]] = {}

    def copy(self) -> MemoryAnnex:
        """Return another annex that holds the same."""
        other = MemoryAnnex()
        for name, held in self.__dict__.items():
            setattr(other, name, dict(held))
        return other

    def feedback(
        self, project_id: str, *, ids: Sequence[str] | None = None, refs: Sequence[str] | None = None
    ) -> list[Feedback]:
        """Return the feedback of a project as it came."""
        return [
            row
            for (project, feedback_id), row in self._feedback.items()
            if project == project_id
            and (ids is None or feedback_id in ids)
            and (refs is None or row.weave_ref in refs)
        ]

    def feedback_in_time(
        self, project_id: str, *, newest_first: bool, offset: int, limit: int | None
    ) -> list[Feedback]:
        """Return a part of the feedback of a project by `created_at`."""
        end = None if limit is None else offset + limit
        rows = self.feedback(project_id)
        return sorted(rows, key=lambda row: row.created_at, reverse=newest_first)[offset:end]

    def feedback_count(self, project_id: str) -> int:
        """Return how much feedback a project has."""
        return len(self.feedback(project_id))

    def feedback_values(self, reading: Reading) -> Iterable[Stretch]:
        """Return values out of payloads in the order of time."""
        return values(self.feedback(reading.project_id), reading)

    def feedback_samples(self, asked: AskPayloadSchema) -> Iterable[Sample]:
        """Return the newest payloads of each type of feedback."""
        return samples(self.feedback(asked.project_id), asked)

    def prices(self, project_id: str) -> list[Price]:
        """Return the prices of a project as they came."""
        return [price for (project, _), price in self._prices.items() if project == project_id]

    def versions(self, project_id: str, object_ids: Sequence[str] | None = None) -> list[Version]:
        """Return versions without their values, by name and number."""
        found = [
            replace(version, val=None)
            for (project, object_id, _, _), version in self._versions.items()
            if project == project_id and (object_ids is None or object_id in object_ids)
        ]
        return sorted(found, key=lambda one: (one.object_id, one.is_op, one.number))

    def monitors(self, project_id: str) -> list[str]:
        """Return the names of objects that are monitors."""
        own = (one for (project, *_), one in self._versions.items() if project == project_id)
        return sorted({one.object_id for one in own if is_monitor(one)})

    def values(self, versions: Sequence[Version]) -> list[bytes | None]:
        """Return the values of versions."""
        return [self._versions[one.project_id, one.object_id, one.is_op, one.digest].val for one in versions]

    def file(self, project_id: str, digest: str) -> bytes | None:
        """Return the content of a file."""
        return self._files.get((project_id, digest))

    def table_digests(self, project_id: str, digest: str) -> tuple[str, ...] | None:
        """Return the digests of the rows of a table."""
        return self._tables.get((project_id, digest))

    def table_count(self, project_id: str, digest: str) -> int | None:
        """Return how many rows a table has."""
        digests = self._tables.get((project_id, digest))
        return None if digests is None else len(digests)

    def table_rows(self, project_id: str, digest: str, *, offset: int, limit: int | None) -> list[Row]:
        """Return rows of a table in their order."""
        end = None if limit is None else offset + limit
        digests = self._tables.get((project_id, digest), ())[offset:end]
        return [Row(one, self._rows[project_id, one]) for one in digests]

    def rows(self, project_id: str, digests: Sequence[str]) -> Mapping[str, bytes]:
        """Return those of the rows that are kept."""
        return {one: val for one in digests if (val := self._rows.get((project_id, one))) is not None}

    def sizes(self, project_id: str) -> Sizes:
        """Return how much is kept."""
        return Sizes(
            objects=sum(v.size for (project, *_), v in self._versions.items() if project == project_id),
            tables=_size(self._rows, project_id),
            files=_size(self._files, project_id),
        )

    def put_feedback(self, rows: Sequence[Feedback]) -> int:
        """Keep feedback; return how many ids were new."""
        new = 0
        for row in rows:
            key = (row.project_id, row.id)
            there = self._feedback.get(key)
            new += there is None
            self._feedback[key] = row if there is None else replace(row, created_at=there.created_at)
        return new

    def drop_feedback(self, project_id: str, ids: Sequence[str]) -> int:
        """Forget feedback."""
        return sum(self._feedback.pop((project_id, one), None) is not None for one in ids)

    def drop_feedback_of(self, calls: Iterable[_Key]) -> None:
        """Forget the feedback of calls that go."""
        gone = set(calls)
        if gone:
            self._keep_feedback(lambda row: (row.project_id, call_of(row)) not in gone)

    def drop_feedback_before(self, moment: Callable[[str], int]) -> None:
        """Forget feedback on calls that is older than calls of its project may be."""
        self._keep_feedback(lambda row: call_of(row) is None or row.created_at >= moment(row.project_id))

    def put_prices(self, prices: Sequence[Price]) -> None:
        """Keep prices."""
        self._prices.update({(price.project_id, price.id): price for price in prices})

    def drop_prices(self, project_id: str, ids: Sequence[str]) -> int:
        """Forget prices."""
        return sum(self._prices.pop((project_id, one), None) is not None for one in ids)

    def put_version(self, version: Version) -> None:
        """Keep a version."""
        key = (version.project_id, version.object_id, version.is_op, version.digest)
        self._versions[key] = version

    def put_file(self, project_id: str, digest: str, content: bytes) -> bool:
        """Keep a file."""
        new = (project_id, digest) not in self._files
        self._files.setdefault((project_id, digest), content)
        return new

    def put_rows(self, project_id: str, rows: Sequence[Row]) -> None:
        """Keep rows of tables."""
        for row in rows:
            self._rows.setdefault((project_id, row.digest), row.val)

    def put_table(self, project_id: str, digest: str, row_digests: Sequence[str]) -> bool:
        """Keep a table."""
        new = (project_id, digest) not in self._tables
        self._tables.setdefault((project_id, digest), tuple(row_digests))
        return new

    def _keep_feedback(self, stays: Callable[[Feedback], bool]) -> None:
        self._feedback = {key: row for key, row in self._feedback.items() if stays(row)}


def _size(held: Mapping[_Key, bytes], project_id: str) -> int:
    return sum(len(content) for (project, _), content in held.items() if project == project_id)
