"""Checks a store, beside its writer or without one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import apsw
import zstandard

from otel_bridge.repair.checking.findings import RESTORE, Rule, Tally
from otel_bridge.repair.checking.walks import CHECKS, ROWS, TABLES, RowRules, stretches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from otel_bridge.repair.checking.findings import Report
    from otel_bridge.repair.checking.walks import Stretch

USAGES: Final = Rule(
    what="usages are of no call", fix=f"statistics count them until they are gone; {RESTORE}"
)
PLACES: Final = Rule(what="places of tables have no row", fix=RESTORE)
DICTIONARIES: Final = Rule(
    what="dictionaries of compressed spans are damaged",
    fix=f"spans packed with them cannot be read; {RESTORE}",
)
COUNTS: Final = Rule(
    what="counts of scoring tasks are not what they count",
    fix="stop the bridge and run otel-bridge check --repair, which counts anew",
    repair="task_counts",
)
_DAMAGED: Final = "the file is damaged there; {}, and save what can be read: otel-bridge export"


def check_rows(connection: apsw.Connection, where: str, report: Report, tell: Callable[[int], None]) -> None:
    """Hold every row to its rules, and count the calls; `tell` is told how many rows were looked at."""
    tally, projects = Tally(), Counter[str]()
    rules = RowRules(connection, tally, quick=report.quick)
    for table in TABLES:
        try:
            for rows in stretches(connection, table):
                rules.look(rows)
                projects.update(_counted(connection, rows))
                tell(ROWS)
        except apsw.Error as error:
            _say_damaged(report, where, table, error)
    for check in (_usages, _places, _dictionaries, _counts):
        try:
            check(connection, tally)
        except apsw.Error as error:
            _say_damaged(report, where, check.__name__.strip("_"), error)
    tally.into(report, where)
    report.counts["calls"] = projects.total()
    report.counts["projects"] = dict(sorted(projects.items()))


def _counted(connection: apsw.Connection, rows: Stretch) -> dict[str, int]:
    if rows.table != "calls":
        return {}
    found: list[Any] = connection.execute(CHECKS["calls.count"], rows.ends).fetchall()
    return dict(found)


def _say_damaged(report: Report, where: str, what: str, error: apsw.Error) -> None:
    report.say(where, f"{what} cannot be read to their end: {error}", _DAMAGED.format(RESTORE))


def _usages(connection: apsw.Connection, tally: Tally) -> None:
    for row in _keyed(connection, "usages", (-1, 0, 0, ""), 4):
        if not row[4]:
            tally.add(USAGES, [f"arrival {row[2]}"])


def _places(connection: apsw.Connection, tally: Tally) -> None:
    for row in _keyed(connection, "table_places", (-1, 0), 2):
        if not row[2]:
            tally.add(PLACES, [f"table {row[0]}, place {row[1]}"])


def _dictionaries(connection: apsw.Connection, tally: Tally) -> None:
    found: list[Any] = connection.execute(CHECKS["dictionaries"]).fetchall()
    for number, content in found:
        try:
            sound = zstandard.ZstdCompressionDict(content).dict_id() == number
        except (zstandard.ZstdError, TypeError):
            sound = False
        if not sound:
            tally.add(DICTIONARIES, [str(number)])


def _counts(connection: apsw.Connection, tally: Tally) -> None:
    wrong = int(connection.execute(CHECKS["wrong_task_counts"]).get)
    tally.add(COUNTS, [f"{wrong} rows"] * bool(wrong))


def _keyed(
    connection: apsw.Connection, name: str, first: tuple[Any, ...], keys: int
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a statement that goes on behind a key, some at a time."""
    after = first
    while rows := connection.execute(CHECKS[name], (*after, ROWS)).fetchall():
        yield from rows
        after = rows[-1][:keys]
