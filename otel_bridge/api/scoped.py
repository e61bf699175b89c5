"""The calls of some projects only: whatever is asked or written is checked before it leaves for the store.

The handlers know nothing of it: they get these `Calls` in place of those that see everything, for a key that
is for some projects. Values that refs lead to are looked up in these projects, too, wherever the ref stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
from msgspec.structs import replace

from otel_bridge.api.parts import PARTS
from otel_bridge.auth.principal import foreign
from otel_bridge.http.door import principal_of
from otel_bridge.model.questions import AskProjects, AskRefs, AskTotalSize
from otel_bridge.query.refs import project_named

if TYPE_CHECKING:
    from aiohttp import web

    from otel_bridge.api.base import Calls
    from otel_bridge.api.parts import Parts
    from otel_bridge.auth.principal import Principal
    from otel_bridge.model.query import CallsQuery
    from otel_bridge.model.questions import Question
    from otel_bridge.store.base import Plan
    from otel_bridge.store.copying import Copied, CopyAsked
    from otel_bridge.store.erasure import EraseCursor, Erased, Erasure
    from otel_bridge.store.retranslation import Cursor, Retranslated, Retranslation
    from otel_bridge.weave.base import Answer, Write

MOST: Final = 1_000_000
"""Projects that are looked through for those that a key may see."""


def parts_of(request: web.Request) -> Parts:
    """Return what a handler works with for the one who asks: all calls, or those of some projects."""
    parts = request.app[PARTS]
    principal = principal_of(request)
    if principal is None or principal.projects.every:
        return parts
    return parts._replace(calls=ScopedCalls(parts.calls, principal), principal=principal)


class ScopedCalls:
    """`Calls` for a principal; raise Forbidden for every other project than its own."""

    def __init__(self, calls: Calls, principal: Principal) -> None:
        self._calls = calls
        self._principal = principal

    async def write(self, write: Write) -> Answer:
        """As `Calls.write`; a body with a change elsewhere is answered 403, and nothing of it is kept."""
        if write.project_id is not None:
            self._principal.require_project(write.project_id)
        return await self._calls.write(replace(write, projects=self._principal.projects.globs))

    async def retranslate(self, asked: Retranslation, cursor: Cursor | None) -> Retranslated:
        """As `Calls.retranslate`."""
        self._require(asked.project_id)
        return await self._calls.retranslate(asked, cursor)

    async def erase(self, asked: Erasure, cursor: EraseCursor | None) -> Erased:
        """As `Calls.erase`."""
        self._require(asked.project_id)
        return await self._calls.erase(asked, cursor)

    async def back_up(self, asked: CopyAsked) -> Copied:
        """As `Calls.back_up`."""
        self._principal.require_every()
        return await self._calls.back_up(asked)

    async def plan(self, query: CallsQuery, *, after: bytes | None = None) -> Plan:
        """As `Calls.plan`."""
        return await self._calls.plan(self._own(query), after=after)

    async def lines(self, query: CallsQuery, seqs: tuple[int, ...]) -> bytes:
        """As `Calls.lines`."""
        return await self._calls.lines(self._own(query), seqs)

    async def spans(self, project_id: str, seqs: tuple[int, ...]) -> bytes:
        """As `Calls.spans`."""
        self._principal.require_project(project_id)
        return await self._calls.spans(project_id, seqs)

    async def count(self, query: CallsQuery) -> int:
        """As `Calls.count`."""
        return await self._calls.count(self._own(query))

    async def answer(self, question: Question) -> bytes:
        """As `Calls.answer`; of all projects those are told that the principal may see."""
        match question:
            case AskProjects(limit=limit):
                names = orjson.loads(await self._calls.answer(AskProjects(limit=MOST)))
                return orjson.dumps([name for name in names if self._principal.projects.holds(name)][:limit])
            case AskRefs(refs=refs):
                self._check_refs(refs)
                return await self._calls.answer(replace(question, projects=self._principal.projects.globs))
            case AskTotalSize(query=query):
                return await self._calls.answer(AskTotalSize(query=self._own(query)))
            case _:
                self._principal.require_project(question.project_id)
                return await self._calls.answer(question)

    def _require(self, project_id: str | None) -> None:
        """Check a project, None for all of them."""
        if project_id is None:
            self._principal.require_every()
        else:
            self._principal.require_project(project_id)

    def _own(self, query: CallsQuery) -> CallsQuery:
        self._principal.require_project(query.project_id)
        return replace(query, projects=self._principal.projects.globs)

    def _check_refs(self, refs: tuple[str, ...]) -> None:
        for ref in refs:
            project_id = project_named(ref)
            if project_id is not None and not self._principal.projects.holds(project_id):
                raise foreign(project_id)
