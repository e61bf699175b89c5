"""What SQLite itself can say of a file: pages, trees, and indexes against their tables."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import apsw

from otel_bridge.repair.checking.findings import REINDEX, RESTORE, Finding
from otel_bridge.store.sqlite.deadlines import STATEMENT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.repair.checking.findings import Report

_LINES: Final = 20
"""SQLite is asked for so many messages."""
_OF_INDEXES: Final = ("missing from index", "wrong # of entries in index", "non-unique entry in index")
_STEPS: Final = 100_000
"""Steps of SQLite's machine between two looks at the clock."""


def check_structure(
    connection: apsw.Connection, where: str, report: Report, clock: Callable[[], float]
) -> None:
    """Look at a whole file, or beside a running bridge at each table that can be looked at in a second."""
    if not report.beside_bridge:
        _ask(connection, f"{_check(report)}({_LINES})", where, report)
        return
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    too_large = []
    for table in tables:
        with _within(connection, clock):
            try:
                _ask(connection, f"{_check(report)}('{table}')", where, report)
            except apsw.InterruptError:
                too_large.append(table)
    if too_large:
        report.skipped.append(
            f"{where}: the pages of {', '.join(too_large)}, too large to be looked at while a bridge writes:"
            " stop it, or check a backup (otel-bridge backup DIR, then otel-bridge backup --verify DIR)"
        )


def _check(report: Report) -> str:
    return f"PRAGMA {'quick_check' if report.quick else 'integrity_check'}"


def _ask(connection: apsw.Connection, pragma: str, where: str, report: Report) -> None:
    try:
        said = [str(line) for (line,) in connection.execute(pragma)]
    except (apsw.CorruptError, apsw.NotADBError, apsw.IOError) as error:
        said = [str(error)]
    said = [line for line in said if line != "ok"]
    of_indexes = [line for line in said if any(sign in line for sign in _OF_INDEXES)]
    if of_indexes:
        report.findings.append(
            Finding(
                where=where,
                what=f"indexes do not agree with their tables ({len(of_indexes)} messages of SQLite)",
                fix=REINDEX,
                count=len(of_indexes),
                examples=tuple(of_indexes[:3]),
                repair="reindex",
            )
        )
    if others := [line for line in said if line not in of_indexes]:
        report.findings.append(
            Finding(
                where=where,
                what="the file is damaged",
                fix=f"{RESTORE}; keep a copy of the file, and save what can be read: otel-bridge export",
                count=len(others),
                examples=tuple(others[:3]),
            )
        )


class _within:  # noqa: N801 - read as a word
    """Interrupts statements of a connection that take longer than they may beside a writer."""

    def __init__(self, connection: apsw.Connection, clock: Callable[[], float]) -> None:
        self._connection = connection
        self._clock = clock

    def __enter__(self) -> None:
        end = self._clock() + STATEMENT_SECONDS
        self._connection.set_progress_handler(lambda: self._clock() > end, _STEPS)

    def __exit__(self, *_: object) -> None:
        with suppress(apsw.Error):
            self._connection.set_progress_handler(None)
