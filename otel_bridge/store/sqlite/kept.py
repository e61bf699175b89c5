"""What a store keeps of one call, found by its id in any project: read-only, beside a bridge that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import apsw
from msgspec import Struct

from otel_bridge.errors import StartError
from otel_bridge.store.merge import Dump, DumpKind
from otel_bridge.store.sqlite import migrate
from otel_bridge.store.sqlite.codec import SpanCodec, UnreadableSpan
from otel_bridge.store.sqlite.connection import open_reader, start_trouble
from otel_bridge.store.sqlite.ids import pack
from otel_bridge.store.sqlite.queries import QUERIES
from otel_bridge.store.sqlite.rows import unpacked_logs

if TYPE_CHECKING:
    from pathlib import Path


class Kept(Struct, frozen=True, kw_only=True):
    """A stored call: its project, its span with its log records, or the dump that the API gave it.

    `translator` is the stamp of the tables and options by which it was made; `received_at` is microseconds.
    """

    project_id: str
    id: str
    op_name: str
    dump: Dump | None
    logs: bytes | None
    wb_run_id: str | None
    received_at: int
    translator: int | None


def find_kept(path: Path, call_id: str) -> list[Kept]:
    """Return the calls of this id, one a project; raise StartError for a file that is no store of ours."""
    connection = open_reader(path)
    try:
        with start_trouble(path):
            migrate.check(connection, path, len(migrate.steps()))
            rows = connection.execute(QUERIES["kept_calls"], (pack(call_id),)).fetchall()
            return [_kept(call_id, row, _codec(connection)) for row in rows]
    except apsw.SQLError as error:
        raise StartError(f"{path} has no calls yet: no bridge has started on it") from error
    finally:
        connection.close()


def _codec(connection: apsw.Connection) -> SpanCodec:
    def find(number: int) -> bytes | None:
        content: bytes | None = connection.execute(QUERIES["find_dictionary"], (number,)).get
        return content

    return SpanCodec(find)


def _kept(call_id: str, row: tuple[Any, ...], codec: SpanCodec) -> Kept:
    project_id, op_name, wb_run_id, received_at, translator, kind, frame, logs = row
    try:
        dump = None if frame is None else Dump(DumpKind(kind), codec.unpack(frame))
    except (UnreadableSpan, ValueError) as error:
        raise StartError(f"the span of call {call_id} cannot be read: {error}") from error
    return Kept(
        project_id=project_id,
        id=call_id,
        op_name=op_name,
        dump=dump,
        logs=unpacked_logs(logs, codec),
        wb_run_id=wb_run_id,
        received_at=received_at,
        translator=translator,
    )
