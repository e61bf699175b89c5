"""What the API needs from whoever keeps the calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from otel_bridge.model.query import CallsQuery
    from otel_bridge.model.questions import Question
    from otel_bridge.store.base import Plan
    from otel_bridge.store.copying import Copied, CopyAsked
    from otel_bridge.store.erasure import EraseCursor, Erased, Erasure
    from otel_bridge.store.retranslation import Cursor, Retranslated, Retranslation
    from otel_bridge.weave.base import Answer, Write


class Calls(Protocol):
    """Writes and reads of calls, from the event loop."""

    async def write(self, write: Write) -> Answer:
        """Decode and keep the body whole or refuse it whole; a 200 means it would survive a crash.

        Raise Unavailable when it was not kept and the client should come again.
        """

    async def retranslate(self, asked: Retranslation, cursor: Cursor | None) -> Retranslated:
        """One step of `CallWriter.retranslate`, committed."""

    async def erase(self, asked: Erasure, cursor: EraseCursor | None) -> Erased:
        """One step of `CallWriter.erase`, committed."""

    async def back_up(self, asked: CopyAsked) -> Copied:
        """One step of a copy of everything that is kept.

        Raise Refused when it cannot be made there, Unavailable while another one is under way.
        """

    async def plan(self, query: CallsQuery, *, after: bytes | None = None) -> Plan:
        """`CallReader.plan`, off the event loop."""

    async def lines(self, query: CallsQuery, seqs: tuple[int, ...]) -> bytes:
        """`CallReader.lines`, off the event loop."""

    async def spans(self, project_id: str, seqs: tuple[int, ...]) -> bytes:
        """`CallReader.spans`, off the event loop."""

    async def count(self, query: CallsQuery) -> int:
        """`CallReader.count`, off the event loop."""

    async def answer(self, question: Question) -> bytes:
        """`CallReader.answer`, off the event loop."""
