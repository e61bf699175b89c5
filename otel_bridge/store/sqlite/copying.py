"""Copies databases in short steps through the connections that write them.

SQLite starts a copy over when another connection changes what is copied; one through the writer's own
connection is kept up to date instead, page by page, as transactions commit. So it needs no snapshot that
would keep the log of recent writes from starting over. All copies are finished between the same two
transactions: they are of one moment.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import apsw

from otel_bridge.errors import Refused
from otel_bridge.store.copying import Copied

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STEP_MILLISECONDS: Final = 4
"""About what one step takes."""
_AT_ONCE_BYTES: Final = 256 << 10
_LAST_BYTES: Final = 1 << 20
"""When no copy lacks more than this, all of them are finished in one step."""
_CACHE_BYTES: Final = 2 << 20
"""What a copy holds in memory before it writes."""


class Copying:
    """Copies each of `sources` to the file it is named with, inside `directory`.

    Nothing is synced: that is for whoever asked. Call everything between two transactions.
    """

    def __init__(self, sources: Mapping[str, apsw.Connection], directory: Path) -> None:
        self._copies: list[_Copy] = []
        try:
            for name, source in sources.items():
                self._copies.append(_Copy(source, directory / name))
        except BaseException:
            self.close()
            raise

    def step(self) -> Copied:
        """Copy some pages. Raise Refused when the target or a source cannot be used."""
        deadline = time.monotonic() + STEP_MILLISECONDS / 1000
        try:
            while copy := self._behind():
                copy.step()
                if time.monotonic() >= deadline:
                    break
            finished = self._behind() is None
            if finished:
                for copy in self._copies:
                    copy.finish()
        except apsw.Error as error:
            raise Refused(f"the backup cannot go on: {error}") from error
        done = sum(copy.done_bytes for copy in self._copies)
        return Copied(done, done + sum(copy.left_bytes for copy in self._copies), finished)

    def close(self) -> None:
        """Let go of everything; the files of an unfinished copy are of no use."""
        for copy in self._copies:
            copy.close()

    def _behind(self) -> _Copy | None:
        return next((copy for copy in self._copies if copy.left_bytes > _LAST_BYTES), None)


class _Copy:
    def __init__(self, source: apsw.Connection, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # of a copy that ended with its writer
        self._page_bytes: int = source.pragma("page_size")
        self._target = apsw.Connection(str(path))
        for setting in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
            self._target.execute(f"PRAGMA {setting}").fetchall()
        self._target.execute(f"PRAGMA cache_size = -{_CACHE_BYTES >> 10}")
        self._backup = self._target.backup("main", source, "main")
        self._began = False

    @property
    def left_bytes(self) -> int:
        """What was not copied when the last step ended; more than any step may take before the first."""
        return self._backup.remaining * self._page_bytes if self._began else _LAST_BYTES + 1

    @property
    def done_bytes(self) -> int:
        return (self._backup.page_count - self._backup.remaining) * self._page_bytes

    def step(self) -> None:
        self._began = True
        self._backup.step(max(1, _AT_ONCE_BYTES // self._page_bytes))

    def finish(self) -> None:
        while not self._backup.done:
            self._backup.step(-1)

    def close(self) -> None:
        with suppress(apsw.Error):  # told already, when a step failed
            self._backup.finish()
        self._target.close()
