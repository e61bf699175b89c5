"""`otel-bridge check`: everything in a data directory is looked at; nothing is changed unless asked for."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Final

import apsw

from otel_bridge.errors import DataDirectoryLocked, StartError
from otel_bridge.ingest.restored import READY_DIR
from otel_bridge.ingest.settings import QUARANTINE_DIR, QUEUE_FILE, STORE_FILE
from otel_bridge.repair.checking.findings import RESTORE, Report
from otel_bridge.repair.checking.queue import check_letters, check_queue
from otel_bridge.repair.checking.store import check_rows
from otel_bridge.repair.checking.structure import check_structure
from otel_bridge.repair.checking.walks import CHECKS
from otel_bridge.repair.manifest import DATABASES, DEAD_LETTERS
from otel_bridge.repair.remote import is_locked
from otel_bridge.repair.restore import UNREADY_DIR
from otel_bridge.store.sqlite.connection import open_reader, open_writer
from otel_bridge.store.sqlite.migrate import check

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from otel_bridge.repair.checking.findings import Repair
    from otel_bridge.repair.erasing import Files

_ROWS: Final = {STORE_FILE: check_rows, QUEUE_FILE: check_queue, DEAD_LETTERS: check_letters}


def check_all(
    data_dir: Path, files: Files, *, quick: bool, repair: bool, tell: Callable[[str, int], None]
) -> Report:
    """Look at all that lies there; `tell` is told of which file how many rows were looked at.

    With `repair` what can be made anew is, and then all is looked at again. Raise StartError when there is
    nothing, DataDirectoryLocked when something is to be repaired that a bridge has.
    """
    places = {STORE_FILE: data_dir / STORE_FILE, QUEUE_FILE: files.queue, DEAD_LETTERS: files.dead}
    there = {name: path for name, path in places.items() if path.exists()}
    if not there:
        raise StartError(f"there is no store and no queue in {data_dir}; --data-dir DIR names another place")
    with ExitStack() as owned:
        beside = any(is_locked(owned, folder) for folder in {data_dir, files.queue.parent} if folder.is_dir())
        if repair and beside:
            raise DataDirectoryLocked(f"a bridge uses {data_dir}: stop it, and repair then")
        report = _look(there, Report(beside_bridge=beside, quick=quick), tell)
        if repair and any(finding.repair for finding in report.findings):
            _repair(there, report)
            report = _look(there, Report(beside_bridge=beside, quick=quick), tell)
    _look_around(data_dir, files.queue.parent, report)
    return report


def _look(there: dict[str, Path], report: Report, tell: Callable[[str, int], None]) -> Report:
    for name, path in there.items():
        with _opened(name, path, report) as connection:
            if connection is not None:
                check_structure(connection, name, report, time.monotonic)
                _ROWS[name](connection, name, report, lambda rows, name=name: tell(name, rows))  # type: ignore[misc]  # of a loop
    return report


@contextmanager
def _opened(name: str, path: Path, report: Report) -> Generator[apsw.Connection | None]:
    """Open a file that is of this version; say what keeps it from being looked at."""
    try:
        connection = open_reader(path)
    except StartError as error:
        report.say(name, str(error), RESTORE)
        yield None
        return
    with closing(connection):
        yield connection if _is_of_now(connection, path, name, report) else None


def _is_of_now(connection: apsw.Connection, path: Path, name: str, report: Report) -> bool:
    known = DATABASES[name]
    try:
        check(connection, path, known.schema, application_id=known.application_id)
        schema = connection.pragma("user_version")
    except apsw.Error as error:
        report.say(name, f"it is no readable database: {error}", RESTORE)
        return False
    if schema < known.schema:
        report.skipped.append(
            f"{name}: an older version wrote it (schema {schema}, now {known.schema}); start the bridge"
            " once, which brings it up to date"
        )
    return bool(schema == known.schema)


def _repair(there: dict[str, Path], report: Report) -> None:
    for name, path in there.items():
        wanted = {finding.repair for finding in report.findings if finding.where == name} - {None}
        try:
            if wanted:
                _make_anew(path, wanted)
        except apsw.Error as error:
            raise StartError(f"{name} cannot be repaired ({error}): {RESTORE}") from error


def _make_anew(path: Path, wanted: set[Repair | None]) -> None:
    statements = ["REINDEX"] * ("reindex" in wanted)
    if "task_counts" in wanted:
        statements += [CHECKS["drop_task_counts"], CHECKS["make_task_counts"]]
    with closing(open_writer(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def _look_around(data_dir: Path, queue_dir: Path, report: Report) -> None:
    """Count what lies beside the databases, and name what somebody should look after."""
    folder = data_dir / QUARANTINE_DIR
    report.counts["quarantined_requests"] = len(list(folder.iterdir())) if folder.is_dir() else 0
    for path in sorted(queue_dir.glob("**/*.damaged-*")):
        if not path.name.endswith(("-wal", "-shm")):
            fix = "keep it for whoever can read it, or delete it with its -wal and -shm"
            report.say(path.name, "a damaged file was set aside", fix, severity="note")
    for name in (UNREADY_DIR, READY_DIR):
        if (data_dir / name).exists():
            fix = "run otel-bridge restore again" if name == UNREADY_DIR else "the next start finishes it"
            report.say(name, "a restore was interrupted", fix, severity="note")
