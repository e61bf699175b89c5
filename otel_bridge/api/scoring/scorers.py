"""Which scorers may be used: those that are registered, and those that were published.

What knows scorers is imported when somebody asks, in a thread: an idle bridge has none of it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import orjson
from msgspec import Struct

from otel_bridge.api.scoring.naming import Named, named, object_ref
from otel_bridge.errors import BridgeError, NotFound, Refused
from otel_bridge.model.questions import AskObject, AskObjects, AskRefs, ObjectsFilter
from otel_bridge.weave.base import Write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from otel_bridge.api.base import Calls
    from otel_bridge.scorer.catalogue import Registered
    from otel_bridge.scorer.settings import ScoringSettings
    from otel_bridge.scorer.spec import Spec

MAX_LISTED: Final = 1000
"""Published scorers that are listed."""
_OK: Final = 200


class Chosen(Struct, frozen=True):
    """A scorer that can be used; `ref` None is a registered one that is to be published first."""

    spec: Spec
    ref: str | None


class Unfit(Exception):
    """A scorer that cannot be used; the message says why."""


class Scorers:
    """The scorers of a bridge. `settings` None registers those only that need no settings."""

    def __init__(self, settings: ScoringSettings | None) -> None:
        self._settings = settings
        self._registered: Registered | None = None
        self._reading = asyncio.Lock()

    async def registered(self) -> Registered:
        """Return the registered scorers by name."""
        async with self._reading:
            if self._registered is None:
                self._registered = await asyncio.to_thread(self._register)
        return self._registered

    async def choose(self, calls: Calls, refs: Sequence[str]) -> tuple[dict[str, Chosen], dict[str, str]]:
        """Return the scorers that refs and names mean, and for the others why they cannot be used."""
        registered = await self.registered()
        answers = await asyncio.gather(
            *(self._chosen(calls, ref, registered) for ref in refs), return_exceptions=True
        )
        chosen: dict[str, Chosen] = {}
        unfit: dict[str, str] = {}
        for ref, answer in zip(refs, answers, strict=True):
            if isinstance(answer, Chosen):
                chosen[ref] = answer
            elif isinstance(answer, Unfit):
                unfit[ref] = str(answer)
            else:
                raise answer
        return chosen, unfit

    async def listed(self, calls: Calls, project_id: str | None) -> list[dict[str, Any]]:
        """Describe the registered scorers, and those of a project in their newest version."""
        registered = await self.registered()
        shown = [_shown(spec, None, None) for _, spec in sorted(registered.items())]
        shown += [
            {"name": name, "kind": None, "ref": None, "description": None, "usable": False, "why_not": why}
            for name, why in sorted(registered.unusable.items())
        ]
        if project_id is not None:
            asked = ObjectsFilter(is_op=False, latest_only=True, base_object_classes=("Scorer",))
            answer = await calls.answer(AskObjects(project_id=project_id, filter=asked, limit=MAX_LISTED))
            shown += [
                await self._published(calls, found, registered) for found in orjson.loads(answer)["objs"]
            ]
        return shown

    async def publish(self, calls: Calls, project_id: str, spec: Spec, now: int) -> str:
        """Publish a registered scorer to a project, if it is not there yet; return its ref."""
        from otel_bridge.scorer.catalogue import object_form  # noqa: PLC0415 - see above

        created = {"project_id": project_id, "object_id": spec.name, "val": object_form(spec)}
        body = orjson.dumps({"obj": created})
        answer = await calls.write(Write(route="/obj/create", body=body, received_at=now))
        if answer.status != _OK:
            raise Refused(f"scorer {spec.name} cannot be published: {answer.body.decode(errors='replace')}")
        return object_ref(project_id, "object", spec.name, orjson.loads(answer.body)["digest"])

    async def _chosen(self, calls: Calls, text: str, registered: Registered) -> Chosen:
        meant = named(text, registered)
        if isinstance(meant, str):
            raise Unfit(meant)
        if not isinstance(meant, Named):
            return Chosen(meant, None)
        ref, val = await _read(calls, meant)
        val = await _whole(calls, val)
        return Chosen(await asyncio.to_thread(self._spec_of, ref, val, registered), ref)

    async def _published(
        self, calls: Calls, found: Mapping[str, Any], registered: Registered
    ) -> dict[str, Any]:
        name, val = found["object_id"], found["val"]
        ref = object_ref(found["project_id"], "object", name, found["digest"])
        try:
            whole = await _whole(calls, val)
            return _shown(await asyncio.to_thread(self._spec_of, ref, whole, registered), ref, None)
        except Unfit as unfit:
            said = val.get("description")
            return {
                "name": name,
                "kind": None,
                "ref": ref,
                "description": said if isinstance(said, str) else None,
                "usable": False,
                "why_not": str(unfit),
            }

    def _register(self) -> Registered:
        from otel_bridge.scorer.catalogue import registered  # noqa: PLC0415 - see above
        from otel_bridge.scorer.settings import ScoringSettings  # noqa: PLC0415 - see above

        if self._settings is None:
            self._settings = ScoringSettings()
        return registered(self._settings)

    def _spec_of(self, ref: str, val: Any, registered: Registered) -> Spec:
        from otel_bridge.scorer.base import Unusable  # noqa: PLC0415 - see above
        from otel_bridge.scorer.catalogue import spec_of_object  # noqa: PLC0415 - see above

        try:
            spec = spec_of_object(ref, val, registered)
        except Unusable as error:
            raise Unfit(str(error)) from None
        return spec


async def _read(calls: Calls, meant: Named) -> tuple[str, Any]:
    """Read the version that a ref means; return its ref, with the digest, and its value."""
    question = AskObject(
        project_id=meant.project_id, object_id=meant.name, digest=meant.digest, is_op=meant.kind == "op"
    )
    try:
        found = orjson.loads(await calls.answer(question))["obj"]
    except NotFound as error:
        raise Unfit(str(error)) from None
    return object_ref(meant.project_id, meant.kind, meant.name, found["digest"]), found["val"]


async def _whole(calls: Calls, val: Any) -> Any:
    """Put what a value names in its place."""
    from otel_bridge.scorer.nested import MAX_DEPTH, filled, refs_in  # noqa: PLC0415 - see above

    for _ in range(MAX_DEPTH):
        refs = refs_in(val)
        if not refs:
            break
        try:
            values = orjson.loads(await calls.answer(AskRefs(refs=refs)))["vals"]
        except BridgeError as error:
            raise Unfit(f"its parts cannot be read: {error}") from None
        val = filled(val, dict(zip(refs, values, strict=True)))
    return val


def _shown(spec: Spec, ref: str | None, why_not: str | None) -> dict[str, Any]:
    return {
        "name": spec.name,
        "kind": spec.kind,
        "ref": ref,
        "description": spec.description,
        "usable": why_not is None,
        "why_not": why_not,
    }
