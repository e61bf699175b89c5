"""Calls of a data directory, read beside a bridge that may run on it, or written without one."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from otel_bridge.api.queries import calls_count, calls_query
from otel_bridge.api.statistics import asked, check_zone, stats_query
from otel_bridge.commands.failing import CommandFailed
from otel_bridge.errors import DataDirectoryLocked, StartError
from otel_bridge.ingest import frames
from otel_bridge.ingest.lock import data_directory_lock
from otel_bridge.ingest.requests import prepare_export
from otel_bridge.ingest.settings import STORE_FILE
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.sqlite.connection import open_reader
from otel_bridge.store.sqlite.migrate import check, steps
from otel_bridge.store.sqlite.reader import SqliteReader
from otel_bridge.weave.base import Write
from otel_bridge.weave.writes import decode_write, new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from otel_bridge.model.annex import AnnexChange
    from otel_bridge.model.call import Change
    from otel_bridge.model.query import CallsQuery
    from otel_bridge.store.sqlite.writer import SqliteWriter
    from otel_bridge.translate.options import Options

RENDER_CALLS: Final = 100
DATA_DIR_MODE: Final = 0o700
UNLIMITED: Final = StoreLimits(retention_seconds=None, max_bytes=None)
"""What is imported stays until a bridge with limits runs."""


class DirectorySource:
    """A `Source` over a store's file; `writing`, what writes there and what spans become, None reads only."""

    def __init__(
        self, reader: SqliteReader, writing: tuple[SqliteWriter, Options] | None, default_project: str
    ) -> None:
        self._reader = reader
        self._writing = writing
        self._default_project = default_project

    def calls(self, body: dict[str, Any]) -> Iterator[bytes]:
        """Yield the lines of a query."""
        query = calls_query(_plain(body))
        for page in self._pages(query, lambda seqs: self._reader.lines(query, seqs)):
            yield from page.splitlines()

    def count(self, body: dict[str, Any]) -> int:
        """Count the calls of a body."""
        return self._reader.count(calls_count(_plain(body)))

    def spans(self, body: dict[str, Any]) -> Iterator[bytes]:
        """Yield pieces of stored spans."""
        query = calls_query(_plain(body))
        return self._pages(query, lambda seqs: self._reader.spans(query.project_id, seqs))

    def stats(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer `/calls/stats`."""
        question = asked(_plain(body))
        check_zone(question.timezone)
        query = stats_query(question, now=int(time.time()))
        document: dict[str, Any] = msgspec.json.decode(self._reader.answer(query))
        return document

    def keep(self, route: str, body: bytes) -> None:
        """Write what a route takes."""
        assert self._writing is not None
        write = Write(route=route, body=body, received_at=_now(), project_id=None)
        self._keep(self._writing[0], decode_write(write, new_id=new_id).changes)

    def keep_spans(self, body: bytes, *, encoding: str, project: str | None) -> tuple[int, str]:
        """Write the spans of an OTLP request."""
        assert self._writing is not None
        writer, options = self._writing
        request = frames.ExportSpans(0, encoding, _now() * 1000, project, None)
        prepared = prepare_export(request, body, default_project=self._default_project, options=options)
        self._keep(writer, prepared.changes)
        assert isinstance(prepared.reply, frames.Exported)
        return prepared.reply.rejected, prepared.reply.message

    def _keep(self, writer: SqliteWriter, changes: Sequence[Change | AnnexChange]) -> None:
        now = _now()
        writer.prepare(changes)
        writer.begin()
        writer.apply(changes, received_at=now)
        writer.commit()
        writer.maintain(now=now)

    def _pages(self, query: CallsQuery, render: Callable[[Sequence[int]], bytes]) -> Iterator[bytes]:
        after: bytes | None = None
        while True:
            plan = self._reader.plan(query, after=after)
            for at in range(0, len(plan.seqs), RENDER_CALLS):
                yield render(plan.seqs[at : at + RENDER_CALLS])
            after = plan.after
            if after is None:
                return


@contextmanager
def open_directory(
    data_dir: Path, *, default_project: str, write: Options | None
) -> Generator[DirectorySource]:
    """Open a data directory; raise StartError, or DataDirectoryLocked when a bridge runs where we write."""
    path = data_dir / STORE_FILE
    with ExitStack() as owned:
        writing = None if write is None else (owned.enter_context(_writing(data_dir, write)), write)
        if not path.exists():
            raise CommandFailed(f"there are no calls in {data_dir}; --data-dir DIR or --url URL names others")
        if write is None:
            _check(path)
        reader = owned.enter_context(closing(SqliteReader(path)))
        yield DirectorySource(reader, writing, default_project)


@contextmanager
def _writing(data_dir: Path, options: Options) -> Generator[SqliteWriter]:
    try:
        data_dir.mkdir(mode=DATA_DIR_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"cannot make the data directory {data_dir}: {error.strerror}") from error
    from otel_bridge.ingest.opening import open_store  # noqa: PLC0415 - not for those who only read

    with ExitStack() as owned:
        try:
            owned.enter_context(data_directory_lock(data_dir))
        except DataDirectoryLocked as error:
            raise DataDirectoryLocked(f"{error}; --url URL reaches it") from error
        yield owned.enter_context(closing(open_store(data_dir, UNLIMITED, options)))


def _check(path: Path) -> None:
    """Raise StartError for a file that this version cannot read as it is."""
    with closing(open_reader(path)) as connection:
        check(connection, path, len(steps()))
        if connection.pragma("user_version") < len(steps()):
            raise StartError(f"{path} is of an older version; `otel-bridge run` brings it up to date")


def _plain(body: dict[str, Any]) -> Any:
    """Give a body the shape that comes out of a request."""
    return msgspec.json.decode(msgspec.json.encode(body))


def _now() -> int:
    return time.time_ns() // 1000
