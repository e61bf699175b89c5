"""Brings a database to the schema of this version, one numbered step after the other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import apsw
import msgspec

from otel_bridge import __version__
from otel_bridge.errors import StartError
from otel_bridge.stats.usage import usages

if TYPE_CHECKING:
    from collections.abc import Sequence

APPLICATION_ID: Final = 0x4F544252
"""Tells our files from those of other programs: "OTBR" in the header of the database."""


def steps() -> tuple[str, ...]:
    """Return the SQL of all steps; applying number n leads from schema n - 1 to schema n."""
    folder = Path(__file__).with_name("migrations")
    return tuple(step.read_text(encoding="utf-8") for step in sorted(folder.glob("*.sql")))


def check(
    connection: apsw.Connection, path: Path, version: int, *, application_id: int = APPLICATION_ID
) -> None:
    """Raise StartError unless the file is empty, or ours and not newer than `version`."""
    found, schema = _marks(connection)
    empty = connection.execute("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)").get
    if found != application_id and not (empty and found == schema == 0):
        raise StartError(f"{path} is a database of another program")
    if schema > version:
        raise StartError(
            f"{path} was written by a newer otel-bridge (schema {schema}; this is {__version__}, which knows"
            f" {version}), and nothing was changed: start the newer version again, restore a backup from"
            " before the upgrade, or use another data directory"
        )


def check_file(path: Path, version: int, *, application_id: int = APPLICATION_ID) -> None:
    """As `check`, and leave a file as it is, to the byte; one that is not there, or damaged, passes."""
    if not path.exists():
        return
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    except apsw.Error:
        return  # whoever opens it to work with it says what is wrong
    try:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        check(connection, path, version, application_id=application_id)
    except apsw.Error:
        return  # as above
    finally:
        connection.close()


def migrate(
    connection: apsw.Connection, path: Path, steps: Sequence[str], *, application_id: int = APPLICATION_ID
) -> None:
    """Apply the missing steps, each whole or not at all; raise StartError for a file that is not ours."""
    check(connection, path, len(steps), application_id=application_id)
    connection.create_scalar_function("usages_of", _usages_of, 1)
    for number in range(_marks(connection)[1] + 1, len(steps) + 1):
        with connection:
            connection.execute(steps[number - 1]).fetchall()  # to the end: apsw stops at rows
            connection.execute(f"PRAGMA application_id = {application_id}")
            connection.execute(f"PRAGMA user_version = {number}")


def _usages_of(*summary: Any) -> str:
    return msgspec.json.encode(usages(summary[0].encode() if summary[0] else None)).decode()


def _marks(connection: apsw.Connection) -> tuple[int, int]:
    return connection.pragma("application_id"), connection.pragma("user_version")
