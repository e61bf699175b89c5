"""`otel-bridge queue inspect`: what waits, for whom, since when; and the dead letters."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from otel_bridge.commands import shown
from otel_bridge.commands.failing import told
from otel_bridge.commands.queue_items import iso
from otel_bridge.commands.queue_places import Places, places
from otel_bridge.commands.screen import terminal

if TYPE_CHECKING:
    from pathlib import Path

_WAITING: Final = ("destination", "project", "calls", "records", "bytes", "waiting since")
_TOTALS: Final = ("destination", "put", "delivered", "dead letters", "lost", "waiting")
_DEAD: Final = ("destination", "reason", "letters", "calls", "bytes", "first", "last")


def inspect_queue(
    *, data_dir: Path | None, queue_dir: Path | None, dead_letter_dir: Path | None, as_json: bool
) -> None:
    """Show the queue as tables, or as one JSON object."""
    with told():
        where = places(data_dir, queue_dir, dead_letter_dir)
        found = look(where)
        if as_json:
            sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        else:
            _show(where, found)


def look(where: Places) -> dict[str, Any]:
    """Return everything there is to say, as it is kept: sizes in bytes, times as ISO 8601 in UTC."""
    with where.reader() as reader, where.letters() as letters:
        state = reader.ask("load_state")[0]
        totals = [
            dict(zip(_TOTALS, (*row, row[1] - row[2] - row[3] - row[4]), strict=True))
            for row in reader.ask("load_destinations")
        ]
        waiting = _by_project(reader.ask("waiting"))
        dead = letters.by_reason() if letters is not None else []
    return {
        "queue": str(where.queue),
        "dead_letters_file": str(where.dead),
        "in_use_by": where.holder,
        "records": state[6],
        "bytes": state[7],
        "file_bytes": sum(file.stat().st_size for file in where.queue.parent.glob(f"{where.queue.name}*")),
        "damaged_records": state[5],
        "totals": totals,
        "waiting": waiting,
        "dead_letters": [dict(zip(_DEAD, (*row[:5], *map(iso, row[5:])), strict=True)) for row in dead],
    }


def _by_project(rows: list[Any]) -> list[dict[str, Any]]:
    """Add up the lanes of each project."""
    found: dict[tuple[str, str], list[int]] = {}
    for _, destination, project_id, _, _, records, calls, size, since in rows:
        kept = found.setdefault((destination, project_id), [0, 0, 0, since])
        kept[:] = [kept[0] + calls, kept[1] + records, kept[2] + size, min(kept[3], since)]
    return [
        dict(zip(_WAITING, (*key, calls, records, size, iso(since)), strict=True))
        for key, (calls, records, size, since) in sorted(found.items())
    ]


def _show(where: Places, found: dict[str, Any]) -> None:
    console = terminal()
    holder = f"in use by process {where.holder}" if where.holder else "not in use"
    console.print(
        f"queue {where.queue}: {found['records']:,} records, {decimal(found['bytes'])}"
        f" (files {decimal(found['file_bytes'])}), {holder}",
        soft_wrap=True,
    )
    if found["damaged_records"]:
        console.print(f"{found['damaged_records']:,} damaged records were put aside", soft_wrap=True)
    for title, columns, rows in (
        ("waiting", _WAITING, found["waiting"]),
        ("calls so far", _TOTALS, found["totals"]),
        ("dead letters", _DEAD, found["dead_letters"]),
    ):
        console.print()
        if rows:
            console.print(_table(columns, rows), soft_wrap=True)
        else:
            console.print(f"{title}: none")


def _table(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        title = "size" if column == "bytes" else column
        table.add_column(title, justify="right" if isinstance(rows[0][column], int) else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(_cell(column, row[column]) for column in columns))
    return table


def _cell(column: str, value: Any) -> str | Text:
    if column == "bytes":
        return decimal(value)
    if isinstance(value, int):
        return f"{value:,}"
    return Text(shown.clean(str(value)))
