"""The API's `Calls` over a store in the same process, as the tests use it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from otel_bridge.errors import BridgeError
from otel_bridge.store.copying import Copied
from otel_bridge.weave.base import Answer
from otel_bridge.weave.writes import WriteRefused, decode_write

if TYPE_CHECKING:
    from otel_bridge.model.query import CallsQuery
    from otel_bridge.model.questions import Question
    from otel_bridge.store.base import Plan
    from otel_bridge.store.copying import CopyAsked
    from otel_bridge.store.erasure import EraseCursor, Erased, Erasure
    from otel_bridge.store.memory import MemoryStore
    from otel_bridge.store.retranslation import Cursor, Retranslated, Retranslation
    from otel_bridge.weave.base import Write


class InProcessCalls:
    """Decodes, keeps and reads without other processes; new ids are UUIDs that count up."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.writes: list[Write] = []
        self.copies: list[CopyAsked] = []
        self._numbers = itertools.count(1)

    def new_id(self) -> str:
        return f"00000000-0000-7000-8000-{next(self._numbers):012x}"

    async def write(self, write: Write) -> Answer:
        self.writes.append(write)
        try:
            decoded = decode_write(write, self.new_id)
        except WriteRefused as refused:
            return Answer(refused.status, refused.body)
        self.store.begin()
        try:
            applied = self.store.apply(decoded.changes, received_at=write.received_at)
        except BridgeError:
            self.store.rollback()
            raise
        self.store.commit()
        return Answer(200, applied.answer or decoded.answer)

    async def retranslate(self, asked: Retranslation, cursor: Cursor | None) -> Retranslated:
        self.store.begin()
        done = self.store.retranslate(asked, cursor)
        self.store.commit()
        return done

    async def erase(self, asked: Erasure, cursor: EraseCursor | None) -> Erased:
        self.store.begin()
        done = self.store.erase(asked, cursor)
        self.store.commit()
        return done

    async def back_up(self, asked: CopyAsked) -> Copied:
        self.copies.append(asked)
        return Copied(4096, 8192)

    async def plan(self, query: CallsQuery, *, after: bytes | None = None) -> Plan:
        return self.store.plan(query, after=after)

    async def lines(self, query: CallsQuery, seqs: tuple[int, ...]) -> bytes:
        return self.store.lines(query, seqs)

    async def spans(self, project_id: str, seqs: tuple[int, ...]) -> bytes:
        return self.store.spans(project_id, seqs)

    async def count(self, query: CallsQuery) -> int:
        return self.store.count(query)

    async def answer(self, question: Question) -> bytes:
        return self.store.answer(question)
