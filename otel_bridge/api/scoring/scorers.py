"""Which scorers may be used: those that are registered, and those that were published."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Final

import orjson
from msgspec import Struct

from otel_bridge.api.scoring.naming import Unfit, named
from otel_bridge.errors import BridgeError, NotFound, Refused
from otel_bridge.model.questions import AskObject, AskObjects, AskRefs, ObjectsFilter
from otel_bridge.query.refs import Ref, object_ref
from otel_bridge.weave.base import Write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from otel_bridge.api.base import Calls
    from otel_bridge.api.scoring.known import Known
    from otel_bridge.scorer.settings import ScoringSettings
    from otel_bridge.scorer.spec import Spec

MAX_LISTED: Final = 1000
"""Published scorers that are listed."""
_OK: Final = 200


class Chosen(Struct, frozen=True):
    """A scorer that can be used; `ref` None is a registered one that is to be published first."""

    spec: Spec
    ref: str | None


class Scorers:
    """The scorers of a bridge. `settings` None registers those only that need no settings."""

    def __init__(self, settings: ScoringSettings | None) -> None:
        self._settings = settings
        self._known: Known | None = None
        self._loading = asyncio.Lock()

    async def known(self) -> Known:
        """Return what is known of scorers."""
        async with self._loading:
            if self._known is None:
                self._known = await asyncio.to_thread(self._load)
        return self._known

    async def choose(self, calls: Calls, refs: Sequence[str]) -> tuple[dict[str, Chosen], dict[str, str]]:
        """Return the scorers that refs and names mean, and for the others why they cannot be used."""
        known = await self.known()
        answers = await asyncio.gather(
            *(self._chosen(calls, ref, known) for ref in refs), return_exceptions=True
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
        known = await self.known()
        shown = await asyncio.to_thread(_registered, known)
        if project_id is not None:
            asked = ObjectsFilter(is_op=False, latest_only=True, base_object_classes=("Scorer",))
            answer = await calls.answer(AskObjects(project_id=project_id, filter=asked, limit=MAX_LISTED))
            shown += [await self._published(calls, one, known) for one in orjson.loads(answer)["objs"]]
        return shown

    async def publish(self, calls: Calls, project_id: str, spec: Spec, now: int) -> str:
        """Publish a registered scorer to a project, if it is not there yet; return its ref."""
        from otel_bridge.api.scoring.known import object_form  # noqa: PLC0415 - loaded by now

        created = {"project_id": project_id, "object_id": spec.name, "val": object_form(spec)}
        body = orjson.dumps({"obj": created})
        answer = await calls.write(Write(route="/obj/create", body=body, received_at=now))
        if answer.status != _OK:
            raise Refused(f"scorer {spec.name} cannot be published: {answer.body.decode(errors='replace')}")
        return object_ref(project_id, "object", spec.name, orjson.loads(answer.body)["digest"])

    def _load(self) -> Known:
        from otel_bridge.api.scoring.known import Known  # noqa: PLC0415 - an idle bridge has none of it

        return Known(self._settings, os.environ)

    async def _chosen(self, calls: Calls, text: str, known: Known) -> Chosen:
        meant = named(text, known.registered)
        if not isinstance(meant, Ref):
            return Chosen(await asyncio.to_thread(known.fit, meant), None)
        ref, val = await _read(calls, meant)
        val = await _whole(calls, val)
        return Chosen(await asyncio.to_thread(known.of_object, ref, val), ref)

    async def _published(self, calls: Calls, found: Mapping[str, Any], known: Known) -> dict[str, Any]:
        val = found["val"]
        ref = object_ref(found["project_id"], "object", found["object_id"], found["digest"])
        try:
            whole = await _whole(calls, val)
            return _usable(await asyncio.to_thread(known.of_object, ref, whole), ref)
        except Unfit as unfit:
            said = val.get("description") if isinstance(val, dict) else None
            return _unusable(found["object_id"], str(unfit), ref=ref, description=said)


async def _read(calls: Calls, meant: Ref) -> tuple[str, Any]:
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
    from otel_bridge.api.scoring.known import MAX_DEPTH, filled, refs_in  # noqa: PLC0415 - loaded by now

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


def _registered(known: Known) -> list[dict[str, Any]]:
    shown = []
    for name, spec in sorted(known.registered.items()):
        try:
            shown.append(_usable(known.fit(spec), None))
        except Unfit as unfit:
            shown.append(_unusable(name, str(unfit), kind=spec.kind, description=spec.description))
    return shown + [_unusable(name, why) for name, why in sorted(known.registered.unusable.items())]


def _usable(spec: Spec, ref: str | None) -> dict[str, Any]:
    return {
        "name": spec.name,
        "kind": spec.kind,
        "ref": ref,
        "description": spec.description,
        "usable": True,
        "why_not": None,
    }


def _unusable(
    name: str, why_not: str, *, kind: str | None = None, ref: str | None = None, description: Any = None
) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "ref": ref,
        "description": description if isinstance(description, str) else None,
        "usable": False,
        "why_not": why_not,
    }
