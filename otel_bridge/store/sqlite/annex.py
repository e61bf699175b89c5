"""The annex in the SQLite file: rows for readers, slots for the writer (`store.annex.base`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from otel_bridge.model.annex import Feedback, Price, Row, Version
from otel_bridge.store.annex.base import Sizes
from otel_bridge.store.annex.refs import call_of
from otel_bridge.store.sqlite import annex_values
from otel_bridge.store.sqlite.ids import pack
from otel_bridge.store.sqlite.queries import ANNEX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import apsw

    from otel_bridge.model.questions import AskPayloadSchema
    from otel_bridge.stats.payloads import Reading, Sample, Stretch
    from otel_bridge.store.sqlite.book import Book

_MANY: Final = 2**62
_price_of: Final = msgspec.json.Decoder(Price).decode


class SqliteAnnexRows:
    """`annex.base.AnnexRows` over one connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def feedback(
        self, project_id: str, *, ids: Sequence[str] | None = None, refs: Sequence[str] | None = None
    ) -> Iterator[Feedback]:
        """Yield the feedback of a project as it came."""
        if ids is not None:
            found = self._each("feedback_of_ids", project_id, _json(ids))
        elif refs is not None:
            found = self._each("feedback_of_refs", project_id, _json(refs))
        else:
            found = self._each("feedback_all", project_id)
        rows = (_feedback(project_id, row) for row in found)
        return (row for row in rows if refs is None or row.weave_ref in refs)

    def feedback_in_time(
        self, project_id: str, *, newest_first: bool, offset: int, limit: int | None
    ) -> Iterator[Feedback]:
        """Yield a part of the feedback of a project by `created_at`."""
        query = "newest_feedback" if newest_first else "oldest_feedback"
        found = self._each(query, project_id, offset, -1 if limit is None else limit)
        return (_feedback(project_id, row) for row in found)

    def feedback_count(self, project_id: str) -> int:
        """Return how much feedback a project has."""
        found = self._of("all_feedback", project_id)
        return int(found[0][0]) if found else 0

    def feedback_values(self, reading: Reading) -> Iterator[Stretch]:
        """Yield values out of payloads in the order of time."""
        project = self._project(reading.project_id)
        return iter(()) if project is None else annex_values.values(self._connection, project, reading)

    def feedback_samples(self, asked: AskPayloadSchema) -> Iterator[Sample]:
        """Yield the newest payloads of each type of feedback."""
        project = self._project(asked.project_id)
        return iter(()) if project is None else annex_values.samples(self._connection, project, asked)

    def prices(self, project_id: str) -> list[Price]:
        """Return the prices of a project as they came."""
        return [_price_of(content) for (content,) in self._of("prices", project_id)]

    def versions(self, project_id: str, object_ids: Sequence[str] | None = None) -> list[Version]:
        """Return versions without their values, by name and number."""
        if object_ids is None:
            found = self._of("versions_all", project_id)
        else:
            found = self._of("versions_of", project_id, _json(object_ids))
        return [_version(project_id, row) for row in found]

    def monitors(self, project_id: str) -> list[str]:
        """Return the names of objects that are monitors."""
        return [row[0] for row in self._of("monitors", project_id)]

    def values(self, versions: Sequence[Version]) -> list[bytes | None]:
        """Return the values of versions."""
        found = [self._of("value", v.project_id, v.object_id, v.is_op, v.digest) for v in versions]
        return [rows[0][0] if rows else None for rows in found]

    def file(self, project_id: str, digest: str) -> bytes | None:
        """Return the content of a file."""
        found = self._of("file", project_id, digest)
        return found[0][0] if found else None

    def table_digests(self, project_id: str, digest: str) -> list[str] | None:
        """Return the digests of the rows of a table."""
        table = self._table(project_id, digest)
        if table is None:
            return None
        return [row[0] for row in self._run("table_digests", table[0])]

    def table_count(self, project_id: str, digest: str) -> int | None:
        """Return how many rows a table has."""
        table = self._table(project_id, digest)
        return None if table is None else table[1]

    def table_rows(self, project_id: str, digest: str, *, offset: int, limit: int | None) -> Iterator[Row]:
        """Yield rows of a table in their order."""
        table = self._table(project_id, digest)
        if table is not None:
            end = _MANY if limit is None else offset + limit
            for row_digest, val in self._connection.execute(ANNEX["table_rows"], (table[0], offset, end)):
                yield Row(row_digest, val)

    def rows(self, project_id: str, digests: Sequence[str]) -> Mapping[str, bytes]:
        """Return those of the rows that are kept."""
        return dict(self._of("rows", project_id, _json(digests)))

    def sizes(self, project_id: str) -> Sizes:
        """Return how much is kept."""
        found = self._of("sizes", project_id)
        return Sizes(*found[0]) if found else Sizes(0, 0, 0)

    def _project(self, project_id: str) -> int | None:
        number: int | None = self._connection.execute(ANNEX["find_project"], (project_id,)).get
        return number

    def _table(self, project_id: str, digest: str) -> tuple[int, int] | None:
        found = self._of("find_table", project_id, digest)
        return found[0] if found else None

    def _of(self, query: str, project_id: str, *args: Any) -> list[Any]:
        """Run a statement of a project; nothing is found in one that is not known."""
        project = self._project(project_id)
        return [] if project is None else self._run(query, project, *args)

    def _each(self, query: str, project_id: str, *args: Any) -> Iterator[Any]:
        """Run a statement of a project, row by row."""
        project = self._project(project_id)
        return iter(()) if project is None else self._connection.execute(ANNEX[query], (project, *args))

    def _run(self, query: str, *args: Any) -> list[Any]:
        return self._connection.execute(ANNEX[query], args).fetchall()


class SqliteAnnexSlots(SqliteAnnexRows):
    """`annex.base.AnnexSlots` inside the writer's open transaction."""

    def __init__(self, connection: apsw.Connection, book: Book) -> None:
        super().__init__(connection)
        self._book = book

    def put_feedback(self, rows: Sequence[Feedback]) -> int:
        """Keep feedback; return how many ids were new."""
        ids: dict[str, set[str]] = {}
        for row in rows:
            ids.setdefault(row.project_id, set()).add(row.id)
        there = sum(self._count("feedback", name, _json(list(own))) for name, own in ids.items())
        self._many("put_feedback", [self._feedback_row(row) for row in rows])
        return sum(map(len, ids.values())) - there

    def drop_feedback(self, project_id: str, ids: Sequence[str]) -> int:
        """Forget feedback."""
        return self._drop("feedback", project_id, ids)

    def put_prices(self, prices: Sequence[Price]) -> None:
        """Keep prices."""
        self._many(
            "put_price",
            [(self._book.project(p.project_id), p.id, msgspec.json.encode(p)) for p in prices],
        )

    def drop_prices(self, project_id: str, ids: Sequence[str]) -> int:
        """Forget prices."""
        return self._drop("prices", project_id, ids)

    def put_version(self, version: Version) -> None:
        """Keep a version."""
        row = (
            self._book.project(version.project_id),
            version.object_id,
            version.is_op,
            version.digest,
            version.number,
            version.base_class,
            version.leaf_class,
            version.wb_user_id,
            version.created_at,
            version.deleted_at,
            version.size,
            version.val,
        )
        self._many("put_version", [row])

    def put_file(self, project_id: str, digest: str, content: bytes) -> bool:
        """Keep a file."""
        project = self._book.project(project_id)
        return bool(self._run("put_file", project, digest, len(content), content))

    def put_rows(self, project_id: str, rows: Sequence[Row]) -> None:
        """Keep rows of tables."""
        project = self._book.project(project_id)
        self._many("put_row", [(project, row.digest, len(row.val), row.val) for row in rows])

    def put_table(self, project_id: str, digest: str, row_digests: Sequence[str]) -> bool:
        """Keep a table."""
        if self._table(project_id, digest) is not None:
            return False
        project = self._book.project(project_id)
        number = self._run("put_table", project, digest, len(row_digests))[0][0]
        self._run("put_places", number, project, _json(row_digests))
        return True

    def _drop(self, what: str, project_id: str, ids: Sequence[str]) -> int:
        text = _json(ids)
        count = self._count(what, project_id, text)
        if count:
            self._of(f"drop_{what}", project_id, text)
        return count

    def _count(self, what: str, project_id: str, ids: str) -> int:
        found = self._of(f"count_{what}", project_id, ids)
        return int(found[0][0]) if found else 0

    def _feedback_row(self, row: Feedback) -> tuple[Any, ...]:
        return (
            self._book.project(row.project_id),
            row.id,
            row.weave_ref,
            pack(call_of(row)),
            row.feedback_type,
            row.created_at,
            row.members,
        )

    def _many(self, query: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self._connection.executemany(ANNEX[query], rows)


def _feedback(project_id: str, row: tuple[Any, ...]) -> Feedback:
    feedback_id, weave_ref, feedback_type, members, created_at = row
    return Feedback(
        project_id=project_id,
        id=feedback_id,
        weave_ref=weave_ref,
        feedback_type=feedback_type,
        members=members,
        created_at=created_at,
    )


def _version(project_id: str, row: tuple[Any, ...]) -> Version:
    (
        object_id, is_op, digest, number, base_class, leaf_class, wb_user_id, created_at, deleted_at, size,
    ) = row  # fmt: skip
    return Version(
        project_id=project_id,
        object_id=object_id,
        digest=digest,
        is_op=bool(is_op),
        base_class=base_class,
        leaf_class=leaf_class,
        wb_user_id=wb_user_id,
        number=number,
        size=size,
        created_at=created_at,
        deleted_at=deleted_at,
    )


def _json(values: Sequence[str]) -> str:
    return msgspec.json.encode(values).decode()
