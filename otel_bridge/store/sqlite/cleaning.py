"""Leaves nothing of erased calls in the file: a dictionary without them, and free space overwritten.

What is to be done is marked in the transaction that deletes, without a word of what was erased, and done in
steps of upkeep: so it goes on after a crash, at the next start.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.store.sqlite.codec import SAMPLE_BYTES, SAMPLE_SPANS, SpanCodec, UnreadableSpan, train
from otel_bridge.store.sqlite.queries import QUERIES

if TYPE_CHECKING:
    import apsw

    from otel_bridge.store.sqlite.book import Book
    from otel_bridge.store.sqlite.scrub import Scrubber
    from otel_bridge.store.sqlite.training import Training

STEP_FRAMES: Final = 100
"""Frames that one step packs anew: some milliseconds."""
_SPACE: Final = "erased"
_OLD: Final = "dictionary_holds_erased"
_CURRENT: Final = "dictionary"
_THROUGH: Final = "dictionary_made_through"
"""Calls up to this arrival number were there when the dictionary was made anew."""
_UNKNOWN: Final = -1
HOLD_SECONDS: Final = 5.0
"""How long after its last step an erasure that does not come to its end keeps the cleaning waiting."""


class Cleaning:
    """What is left to do after calls were erased; `step` between two transactions."""

    def __init__(
        self, connection: apsw.Connection, book: Book, training: Training, scrubber: Scrubber
    ) -> None:
        self._connection = connection
        self._book = book
        self._training = training
        self._scrubber = scrubber
        self._first_packed = _UNKNOWN
        self._not_before = 0.0
        self._redone: tuple[int, int] | None = None
        self.pending = self._marked(_SPACE) is not None

    def begin(self) -> None:
        """Note, in the open transaction, that something is being erased."""
        self._connection.execute(QUERIES["mark"], (_SPACE, time.time_ns() // 1000))
        self._connection.execute("PRAGMA secure_delete = ON")
        self._book.codec.forget()
        self._training.forget()
        self._scrubber.restart()
        self._not_before = time.monotonic() + HOLD_SECONDS
        self.pending = True

    def release(self) -> None:
        """Begin at once: everything was erased."""
        self._not_before = 0.0

    def deleted(self, seq: int) -> None:
        """Note that calls from this arrival number on went; the dictionary may have been made of them."""
        self.begin()
        if self._book.has_dictionary and seq < self._first():
            self._connection.execute(QUERIES["mark"], (_OLD, 1))

    def step(self) -> bool:
        """Do one short step; True: there is more to do."""
        if time.monotonic() < self._not_before:
            return False
        self._work()
        return self.pending

    def _work(self) -> None:
        if self._marked(_OLD) is not None:
            self._renew_dictionary()
            return
        if self._scrubber.step():
            self._connection.execute(QUERIES["unmark"], (_SPACE,))
            self._connection.execute("PRAGMA secure_delete = OFF")
            self.pending = False

    def _first(self) -> int:
        """Return the arrival number of the first call that the dictionary was surely not made of."""
        if self._first_packed == _UNKNOWN:
            self._first_packed = max(self._search(), 1 + (self._marked(_THROUGH) or 0))
        return self._first_packed

    def _search(self) -> int:
        after = 0
        while rows := self._rows("first_with_dictionary", after, STEP_FRAMES):
            for seq, frame in rows:
                if _dictionary_of(frame):
                    return int(seq)
                after = seq
        return after + 1

    def _renew_dictionary(self) -> None:
        if self._redone is None:
            self._train_anew()
        elif not self._pack_some(*self._redone):
            self._drop_old()

    def _train_anew(self) -> None:
        """Train with calls that are left, once: 0.1-0.2 s."""
        frames = [frame for (frame,) in self._rows("newest_frames", SAMPLE_SPANS)]
        samples = []
        for frame in frames:
            try:
                samples.append(self._book.codec.unpack(frame)[:SAMPLE_BYTES])
            except UnreadableSpan:
                continue
        self._training.forget()
        through = int(self._connection.execute(QUERIES["watermark"]).get)
        self._connection.execute(QUERIES["mark"], (_THROUGH, through))
        content = train(samples) if samples else None
        if content is None:
            self._book.codec.forget(dictionary=True)
            self._connection.execute(QUERIES["mark"], (_CURRENT, 0))
        else:
            number = SpanCodec.number_of(content)
            with self._connection:
                self._connection.execute(QUERIES["add_dictionary"], (number, content))
                self._connection.execute(QUERIES["mark"], (_CURRENT, number))
            self._book.codec.use(content)
        self._redone = (0, 0)

    def _pack_some(self, seq: int, number: int) -> bool:
        """Pack some frames anew behind these places; False: there are no more."""
        rows = self._rows("frames", seq, STEP_FRAMES)
        waiting = [] if rows else self._rows("waiting_frames", number, STEP_FRAMES)
        with self._connection:
            done = [(at, self._anew(dump), self._anew(logs)) for at, dump, logs in rows]
            self._connection.executemany(QUERIES["put_frames"], done)
            again = [(at, self._anew(logs)) for at, logs in waiting]
            self._connection.executemany(QUERIES["put_waiting_frame"], again)
        self._redone = (rows[-1][0] if rows else seq, waiting[-1][0] if waiting else number)
        return bool(rows or waiting)

    def _anew(self, frame: bytes | None) -> bytes | None:
        if frame is None or _dictionary_of(frame) in {0, self._current()}:
            return frame
        try:
            return self._book.codec.pack(self._book.codec.unpack(frame))
        except UnreadableSpan:
            return b""  # nobody can read it, and it must not outlive its dictionary

    def _drop_old(self) -> None:
        with self._connection:
            self._connection.execute(QUERIES["drop_other_dictionaries"], (self._current(),))
            self._connection.execute(QUERIES["unmark"], (_OLD,))
        self._book.has_dictionary = bool(self._current())
        self._redone = None
        self._first_packed = _UNKNOWN
        self._scrubber.restart()

    def _current(self) -> int:
        return self._marked(_CURRENT) or 0

    def _marked(self, name: str) -> int | None:
        found: int | None = self._connection.execute(QUERIES["marked"], (name,)).get
        return found

    def _rows(self, query: str, *args: int) -> list[Any]:
        return self._connection.execute(QUERIES[query], args).fetchall()


def _dictionary_of(frame: bytes) -> int:
    try:
        return SpanCodec.dictionary_of(frame)
    except UnreadableSpan:
        return -1
