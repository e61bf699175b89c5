"""Erases calls from files that `file` exporters wrote, those that were put aside too: a step at a time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otel_bridge.ingest.exporters.growing import put_aside
from otel_bridge.ingest.exporters.rewriting import Rewriting, leftovers
from otel_bridge.queue.without import Without
from otel_bridge.store.erasure import EraseCursor, Erased

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from otel_bridge.ingest.exporters.remembered import WrittenFile
    from otel_bridge.store.erasure import Erasure

HOLD_SECONDS: Final = 5.0
"""How long after its last step an erasure keeps others waiting."""


class FilesErasing:
    """One erasure at a time; what is below erased calls is found by going through all files again.

    `own` are the files that this process writes: nobody else may.
    """

    def __init__(self, files: Sequence[WrittenFile], own: Collection[str] = ()) -> None:
        self._files = files
        self._own = frozenset(own)
        self._asked: Erasure | None = None
        self._without: Without | None = None
        self._left: list[tuple[WrittenFile, Path]] = []
        self._at: Rewriting | None = None
        self._found = False
        self._held_until = 0.0
        for each in files:
            for path in leftovers(Path(each.path)):
                path.unlink(missing_ok=True)

    def step(self, asked: Erasure, cursor: EraseCursor) -> Erased:
        """Do one step of the phase `files`; `cursor` None in the answer: nothing is left in any file.

        Raise Unavailable when a file cannot be written, InvalidRequest when another process writes it.
        """
        if self._without is None or asked != self._asked or cursor.after == 0:
            if asked != self._asked and time.monotonic() < self._held_until:
                return Erased(cursor=cursor)  # another one is under way
            self._begin(asked)
        assert self._without is not None
        self._held_until = time.monotonic() + HOLD_SECONDS
        copies = self._some(asked, self._without)
        if self._at is None and not self._left:
            if not self._found or asked.dry_run:
                self.close()
                return Erased(cursor=None, copies=copies)
            self._found = False
            self._left = self._all()
        return Erased(cursor=EraseCursor("files", cursor.after + 1, 1), copies=copies)

    def close(self) -> None:
        """End what is under way; the next step begins anew."""
        if self._at is not None:
            self._at.close()
        self._asked = self._without = self._at = None
        self._held_until = 0.0

    def _begin(self, asked: Erasure) -> None:
        self.close()
        self._asked, self._without = asked, Without(asked)
        self._left, self._found = self._all(), False

    def _all(self) -> list[tuple[WrittenFile, Path]]:
        found = [
            (file, path) for file in self._files for path in (*put_aside(Path(file.path)), Path(file.path))
        ]
        return [(file, path) for file, path in found if path.is_file()]

    def _some(self, asked: Erasure, without: Without) -> int:
        """Do a step in the file whose turn it is; return how many spans and calls went."""
        if self._at is None:
            if not self._left:
                return 0
            file, path = self._left.pop(0)
            own = file.path in self._own
            try:
                self._at = Rewriting(file, path, without, own=own, dry_run=asked.dry_run)
            except FileNotFoundError:  # it became too old
                return 0
        copies = self._at.step()
        if self._at.done:
            self._found = self._found or self._at.changed
            self._at.close()
            self._at = None
        return copies
