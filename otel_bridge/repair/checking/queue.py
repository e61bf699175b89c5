"""Checks a queue and its dead letters, beside their writer or without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import apsw

from otel_bridge.queue.sqlite.frames import codec_of, lent
from otel_bridge.queue.sqlite.queries import DEAD, QUERIES, rows
from otel_bridge.repair.checking.findings import RESTORE, Rule, Tally
from otel_bridge.repair.checking.walks import CHECKS
from otel_bridge.store.sqlite.codec import SpanCodec, UnreadableSpan

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.repair.checking.findings import Report

RECORDS: Final = Rule(
    what="records are damaged",
    fix="nothing to do: the bridge puts them aside when it comes to them, and counts their calls as lost",
)
NO_LANE: Final = Rule(what="records are in no lane", fix=f"they are never sent; {RESTORE}")
CURSORS: Final = Rule(
    what="cursors count other records than wait", fix=f"metrics are wrong, what waits is sent; {RESTORE}"
)
SUMS: Final = Rule(
    what="sums of the queue are wrong", fix=f"metrics are wrong, what waits is sent; {RESTORE}"
)
LETTERS: Final = Rule(
    what="dead letters cannot be read",
    fix="they cannot be replayed: otel-bridge queue export --dead-letters keeps their bytes, then purge them",
)
_STEP: Final = 100


def check_queue(connection: apsw.Connection, where: str, report: Report, tell: Callable[[int], None]) -> None:
    """Hold every record to its checksum, and the sums to the records."""
    tally, codec, after, calls, records = Tally(), codec_of(connection), -1, 0, 0
    try:
        while found := rows(connection, QUERIES["some_of_all"], after, _STEP):
            for row in found:
                record = lent(row, codec)
                calls, records = calls + record.calls, records + 1
                tally.add(RECORDS, [f"record {record.seq}: {record.damage}"] * (record.damage is not None))
            after = found[-1][0]
            tell(len(found))
        _sums(connection, tally)
    except apsw.Error as error:
        report.say(where, f"records cannot be read to their end: {error}", RESTORE)
    tally.into(report, where)
    report.counts["waiting_records"] = records
    report.counts["waiting_calls"] = calls


def _sums(connection: apsw.Connection, tally: Tally) -> None:
    tally.add(NO_LANE, [f"record {seq}" for (seq,) in connection.execute(CHECKS["lost_records"])])
    for lane, name, *counts in connection.execute(CHECKS["cursors"]).fetchall():
        if counts[:3] != counts[3:]:
            tally.add(CURSORS, [f"lane {lane} of {name}"])
    for name, waiting, found in connection.execute(CHECKS["totals"]).fetchall():
        if waiting != found:
            tally.add(SUMS, [f"{name}: {waiting} calls should wait, {found} do"])
    for kept, size, records, found_size in connection.execute(CHECKS["state"]).fetchall():
        if (kept, size) != (records, found_size):
            tally.add(SUMS, [f"{kept} records of {size} bytes; there are {records} of {found_size}"])


def check_letters(
    connection: apsw.Connection, where: str, report: Report, tell: Callable[[int], None]
) -> None:
    """Read every dead letter."""
    tally, codec, after, letters = Tally(), SpanCodec(lambda _: None), -1, 0
    try:
        while found := rows(connection, DEAD["some"], after, _STEP):
            tally.add(
                LETTERS, [f"letter {row[0]}" for row in found if not _is_readable(codec, row[4], row[-1])]
            )
            after, letters = found[-1][0], letters + len(found)
            tell(len(found))
    except apsw.Error as error:
        report.say(where, f"dead letters cannot be read to their end: {error}", RESTORE)
    tally.into(report, where)
    report.counts["dead_letters"] = letters


def _is_readable(codec: SpanCodec, reason: object, frame: object) -> bool:
    if reason == "corrupt":
        return True  # it was when it died, and is kept as it was found
    try:
        return isinstance(frame, bytes) and codec.unpack(frame) is not None
    except UnreadableSpan:
        return False
