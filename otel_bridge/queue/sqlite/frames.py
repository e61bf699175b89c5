"""How a record lies on disk: a zstd frame, and a checksum over it and over what stands beside it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

import apsw

from otel_bridge.queue.base import Kind, Record
from otel_bridge.queue.sqlite.queries import QUERIES, row, rows
from otel_bridge.store.sqlite.codec import SpanCodec, UnreadableSpan

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS: Final[tuple[Kind, ...]] = ("spans", "calls")
RECORD_BYTES: Final = 96
"""What a record takes beside its frame: its columns and its place in the index."""
_BESIDE: Final = struct.Struct("<qqqqqq")


def codec_of(connection: apsw.Connection) -> SpanCodec:
    """Return what packs and unpacks the records of a queue, with its dictionaries."""
    return SpanCodec(lambda number: connection.execute(QUERIES["find_dictionary"], (number,)).get)


def checksum(
    seq: int, lane: int, kind: int, barrier: int, calls: int, received_ns: int, run: str | None, frame: bytes
) -> int:
    """Return the checksum of a record as it lies in its table."""
    beside = crc32(_BESIDE.pack(seq, lane, kind, barrier, calls, received_ns))
    return crc32(frame, crc32(run.encode(), beside) if run else beside)


def read_range(
    connection: apsw.Connection, codec: SpanCodec, lane: int, after: int, through: int
) -> Iterator[tuple[Record, bytes]]:
    """Yield the records of a lane in a range, with their frames; on damaged pages one by one."""
    try:
        found = rows(connection, QUERIES["some_records"], lane, after, through)
    except apsw.CorruptError:
        heads = rows(connection, QUERIES["next_heads"], lane, after, through - after)
        yield from (_read_one(connection, codec, head) for head in heads if head[0] <= through)
        return
    for each in found:
        yield lent(each, codec), each[-1]


def _read_one(connection: apsw.Connection, codec: SpanCodec, head: tuple[int, ...]) -> tuple[Record, bytes]:
    seq, calls, _, barrier = head
    damage = "it is not where it should be"
    try:
        if found := row(connection, QUERIES["one_record"], seq):
            return lent(found, codec), found[-1]
    except apsw.CorruptError as error:
        damage = f"the file is damaged there: {error}"
    lost = Record(
        seq=seq, kind="calls", calls=calls, payload=b"", received_ns=0, barrier=bool(barrier), damage=damage
    )
    return lost, b""


def lent(found: tuple[Any, ...], codec: SpanCodec) -> Record:
    """Make a record of a row of `some_records`; one that is damaged says so."""
    seq, lane, kind, barrier, calls, received_ns, run, kept, frame = found
    try:
        whole = checksum(seq, lane, kind, barrier, calls, received_ns, run, frame) == kept
        payload = codec.unpack(frame) if whole else b""
        damage = None if whole else "its checksum does not fit"
    except (UnreadableSpan, TypeError, struct.error, AttributeError) as error:
        payload, damage = b"", f"it cannot be unpacked: {error}"
    return Record(
        seq=seq,
        kind=KINDS[1 if kind == 1 else 0],
        calls=calls if isinstance(calls, int) else 1,
        payload=payload,
        received_ns=received_ns if isinstance(received_ns, int) else 0,
        wb_run_id=run if isinstance(run, str) else None,
        barrier=barrier == 1,
        damage=damage,
    )
