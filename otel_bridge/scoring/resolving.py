"""From refs to scorers that can run, each looked up once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, TypeVar

from otel_bridge.query.refs import parsed, project_named
from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.catalogue import spec_of_object
from otel_bridge.scorer.nested import MAX_DEPTH, filled, refs_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.scorer.catalogue import Registered
    from otel_bridge.scorer.spec import Spec
    from otel_bridge.scoring.client import BridgeClient

T = TypeVar("T")

MAX_KEPT: Final = 1000
"""Scorers that are remembered; the one that was not asked for longest is forgotten first."""
UNUSABLE_SECONDS: Final = 30.0
"""Before a scorer that could not be used is looked at again."""


class Scorers:
    """The scorers that refs name. `check`, run in a thread, raises Unusable for what cannot run here.

    `confined`: of what an object names, only what lies in its own project is read, as whoever published it
    may see no other.
    """

    def __init__(
        self,
        client: BridgeClient,
        known: Registered,
        check: Callable[[Spec], None],
        *,
        confined: bool = False,
    ) -> None:
        self._client = client
        self._known = known
        self._check = check
        self._confined = confined
        self._found: OrderedDict[str, Spec] = OrderedDict()
        self._unusable: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._lock = asyncio.Lock()

    async def get(self, ref: str) -> Spec:
        """Return a scorer. Raise Unusable when it cannot run, Unavailable when it cannot be read now."""
        if (spec := self._remembered(ref)) is not None:
            return spec
        async with self._lock:
            if (spec := self._remembered(ref)) is not None:
                return spec
            try:
                spec = await self._read(ref)
            except Unusable as error:
                until = asyncio.get_running_loop().time() + UNUSABLE_SECONDS
                _keep(self._unusable, ref, (until, str(error)))
                raise
            _keep(self._found, ref, spec)
            return spec

    def _remembered(self, ref: str) -> Spec | None:
        if (spec := self._found.get(ref)) is not None:
            self._found.move_to_end(ref)
            return spec
        until, reason = self._unusable.get(ref, (0.0, ""))
        if until > asyncio.get_running_loop().time():
            raise Unusable(reason)
        return None

    async def _read(self, ref: str) -> Spec:
        value = await self._value(ref)
        return await asyncio.to_thread(self._checked, ref, value)

    def _checked(self, ref: str, value: Any) -> Spec:
        spec = spec_of_object(ref, value, self._known)
        self._check(spec)
        return spec

    async def _value(self, ref: str) -> Any:
        """Read an object, and those it names in the place of their refs."""
        if parsed(ref) is None:
            raise Unusable(f"{ref} is no ref of a scorer: weave:///ENTITY/PROJECT/object/NAME:DIGEST")
        values = await self._values([ref])
        value = values.get(ref)
        if value is None:
            raise Unusable(f"{ref} does not exist here")
        for _ in range(MAX_DEPTH):
            nested = [one for one in refs_in(value) if not self._confined or _same_project(one, ref)]
            missing = [one for one in nested if one not in values]
            if not nested or not missing:
                break
            values |= await self._values(missing)
            value = filled(value, values)
        return value

    async def _values(self, refs: list[str]) -> dict[str, Any]:
        return dict(zip(refs, await self._client.refs(refs), strict=True))


def _same_project(one: str, other: str) -> bool:
    return project_named(one) == project_named(other)


def _keep(kept: OrderedDict[str, T], ref: str, value: T) -> None:
    kept[ref] = value
    kept.move_to_end(ref)
    if len(kept) > MAX_KEPT:
        kept.popitem(last=False)
