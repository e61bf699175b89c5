"""What lies on the disk of a bridge: the test span in the queue, among the dead letters, in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from otel_bridge.errors import BridgeError
from otel_bridge.ingest.settings import STORE_FILE
from otel_bridge.store.sqlite.kept import find_kept

if TYPE_CHECKING:
    from pathlib import Path

    from otel_bridge.commands.queue_places import Places
    from otel_bridge.queue.sqlite.reader import SqliteQueueReader

STEP_RECORDS: Final = 64


class Fate(Struct, frozen=True):
    """What became of a span behind a queue: it `waits`, or is `dead`, and `why`; else it was delivered."""

    waits: bool = False
    dead: bool = False
    why: str = ""


class Queue:
    """Reads beside the bridge; made before test spans are sent, it looks at what came since."""

    def __init__(self, where: Places, data_dir: Path) -> None:
        self._where = where
        self._store = data_dir / STORE_FILE
        self._since = self._last()

    @property
    def is_here(self) -> bool:
        """Whether there is a queue to read."""
        return self._where.queue.exists()

    def in_store(self, call_id: str) -> list[str]:
        """Return the projects in which the store has a call."""
        try:
            return [one.project_id for one in find_kept(self._store, call_id)] if self._store.exists() else []
        except BridgeError:
            return []

    def fate(self, destination: str, span_id: str) -> Fate:
        """Return what became of a span for a destination."""
        wanted = bytes.fromhex(span_id)
        with self._where.reader() as reader:
            if any(
                self._holds(reader, lane, cursor, wanted)
                for lane, name, _, _, cursor, *_ in reader.ask("waiting")
                if name == destination
            ):
                return Fate(waits=True)
        return self._among_the_dead(destination, wanted)

    def _holds(self, reader: SqliteQueueReader, lane: int, cursor: int, wanted: bytes) -> bool:
        after = max(cursor, self._since)
        while heads := reader.ask("next_heads", lane, after, STEP_RECORDS):
            records = reader.records(lane, after, heads[-1][0])
            if any(record.kind == "spans" and wanted in record.payload for record in records):
                return True
            after = heads[-1][0]
        return False

    def _among_the_dead(self, destination: str, wanted: bytes) -> Fate:
        with self._where.letters() as letters:
            for letter in letters.letters() if letters is not None else ():
                if letter.destination == destination and wanted in letter.payload:
                    answer = letter.answer[:200].decode(errors="replace")
                    return Fate(dead=True, why=f"{letter.reason} {letter.status or ''} {answer}".strip())
        return Fate()

    def _last(self) -> int:
        if not self.is_here:
            return 0
        with self._where.reader() as reader:
            return int(reader.ask("load_state")[0][1])
