"""What lies in a data directory: the bytes of its files, and the values of its databases, frames unpacked."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRAME = b"\x28\xb5\x2f\xfd"


def holders(folder: Path, text: str) -> list[str]:
    """Name the files that hold a text as bytes, and the tables that hold it in a frame or in a text."""
    needle = text.encode()
    found = [
        str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and needle in p.read_bytes()
    ]
    for path in folder.rglob("*.db"):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            found += [f"{path.name}:{table}" for table, value in values(database) if needle in value]
    return found


def values(database: sqlite3.Connection) -> Iterator[tuple[str, bytes]]:
    """Yield every value of every table, frames unpacked."""
    dictionaries = {}
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    if "dictionaries" in tables:
        dictionaries = dict(database.execute("SELECT number, content FROM dictionaries"))
    for table in tables:
        for row in database.execute(f'SELECT * FROM "{table}"'):
            for value in row:
                raw = value if isinstance(value, bytes) else str(value).encode()
                if raw[:4] == FRAME:
                    number = zstandard.get_frame_parameters(raw).dict_id
                    known = zstandard.ZstdCompressionDict(dictionaries[number]) if number else None
                    raw = zstandard.ZstdDecompressor(dict_data=known).decompress(raw)
                yield table, raw
