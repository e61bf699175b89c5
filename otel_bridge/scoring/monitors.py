"""Calls that ended become tasks: those that monitors ask for."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from otel_bridge.backoff import Backoff
from otel_bridge.errors import Permanent, Unavailable, UnknownPath
from otel_bridge.model.scoring import Task
from otel_bridge.query.derived import REF_SCHEME
from otel_bridge.query.refs import parsed, project_named
from otel_bridge.receiver.seldom import MINUTE, Seldom
from otel_bridge.scorer.catalogue import object_form
from otel_bridge.scoring import rules
from otel_bridge.scoring.settling import RETRY
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from otel_bridge.model.scoring import EndedCall
    from otel_bridge.scorer.settings import MonitorSettings
    from otel_bridge.scorer.spec import Spec
    from otel_bridge.scoring.client import BridgeClient

MAX_ENDED: Final = 1000
"""Ended calls that are looked at together: as many ids as one filter may have."""


_MOVING: Final = re.compile(r"latest|v\d+")
"""Digests that name another version tomorrow."""


class _Ended(Struct, frozen=True):
    """What is asked of a call that a monitor may score."""

    id: str
    ended_at: str | None = None
    exception: str | None = None


_ENDED: Final = msgspec.json.Decoder(_Ended)


class Monitors:
    """Looks at ended calls, and queues what the monitors of their projects ask for.

    Monitors are read after the calls have ended, so one that was active when a call ended is never missed.
    """

    def __init__(
        self,
        client: BridgeClient,
        settings: Mapping[str, MonitorSettings],
        known: Mapping[str, Spec],
        looked_at: Callable[[Sequence[EndedCall]], None],
        *,
        confined: bool = False,
    ) -> None:
        self._client = client
        self._confined = confined
        self._settings = {name: one for name, one in settings.items() if one.active}
        self._known = known
        self._looked_at = looked_at
        self._published: dict[tuple[str, str], str] = {}
        self._minutely = Seldom(MINUTE)
        self._todo: asyncio.Queue[Sequence[EndedCall]] = asyncio.Queue()
        self._busy = False

    @property
    def room(self) -> int:
        """How many ended calls may be taken now."""
        return 0 if self._busy or not self._todo.empty() else MAX_ENDED

    def add(self, ended: Sequence[EndedCall]) -> None:
        """Take ended calls."""
        if ended:
            self._todo.put_nowait(ended)

    async def run(self) -> None:
        """Look at what comes, for ever."""
        while True:
            ended = await self._todo.get()
            self._busy = True
            try:
                await self._until_looked_at(ended)
            finally:
                self._busy = False

    async def _until_looked_at(self, ended: Sequence[EndedCall]) -> None:
        backoff = Backoff(RETRY)
        while True:
            try:
                return await self.look(ended)
            except Unavailable as error:
                wait = backoff.next()
                log().warning("monitors_wait", calls=len(ended), reason=str(error), again_in=round(wait, 1))
                await asyncio.sleep(wait)
            except Exception as error:  # noqa: BLE001 - they are offered again when the lease has run out
                log().error("monitors_stumbled", calls=len(ended), reason=str(error) or type(error).__name__)
                return None

    async def look(self, ended: Sequence[EndedCall]) -> None:
        """Queue the tasks that these calls lead to. Raise Unavailable."""
        projects: dict[str, list[str]] = {}
        for one in ended:
            projects.setdefault(one.project_id, []).append(one.call_id)
        tasks = [task for project, ids in projects.items() async for task in self._tasks(project, ids)]
        await self._client.enqueue(tasks, ended)
        self._looked_at(ended)

    async def _tasks(self, project: str, ids: Sequence[str]) -> AsyncIterator[Task]:
        for rule in await self._rules(project):
            sample = list(filter(rule.samples, ids))
            try:
                found = [one async for one in self._matching(project, rule, sample)] if sample else []
            except Permanent as error:
                self._complain(project, rule.name, str(error))
                continue
            for call_id in found:
                for scorer in rule.scorers:
                    yield Task(project_id=project, call_id=call_id, scorer_ref=scorer, trigger_ref=rule.ref)

    async def _matching(self, project: str, rule: rules.Rule, ids: Sequence[str]) -> AsyncIterator[str]:
        body = {"project_id": project, "columns": ["id", "ended_at", "exception"], "query": rule.query,
                "filter": {"call_ids": ids, "op_names": rule.op_names or None}}  # fmt: skip
        async for line in self._client.lines("/calls/stream_query", body):
            call = _ENDED.decode(line)
            if call.ended_at and not call.exception:
                yield call.id

    async def _rules(self, project: str) -> list[rules.Rule]:
        found = []
        for name, settings in self._settings.items():
            if not settings.projects or project in settings.projects:
                rule = await self._configured(project, name, settings)
                found += [] if rule is None else [rule]
        for one in await self._objects(project):
            rule = await self._stored(project, one["object_id"], one["digest"], one["val"])
            found += [] if rule is None else [rule]
        return found

    async def _objects(self, project: str) -> list[dict[str, Any]]:
        asked = {"latest_only": True, "base_object_classes": [rules.MONITOR]}
        answer = await self._client.ask("/objs/query", {"project_id": project, "filter": asked})
        return list(answer["objs"])

    async def _stored(self, project: str, name: str, digest: str, val: Any) -> rules.Rule | None:
        try:
            rule = rules.stored_rule(name, f"{REF_SCHEME}{project}/object/{name}:{digest}", val)
            if rule is None:
                return None
            self._check_home(project, rule)
            scorers = [await self._ref_of(project, scorer) for scorer in rule.scorers]
        except (rules.BadMonitor, Permanent) as error:
            self._complain(project, name, str(error))
            return None
        return replace(rule, scorers=tuple(scorers))

    def _check_home(self, project: str, rule: rules.Rule) -> None:
        """Raise BadMonitor where whoever published a monitor may not be allowed to see its scorers."""
        foreign = [one for one in rule.scorers if project_named(one) not in {None, project}]
        if self._confined and foreign:
            raise rules.BadMonitor(f"its scorer {foreign[0]} is of another project")

    async def _configured(self, project: str, name: str, settings: MonitorSettings) -> rules.Rule | None:
        try:
            scorers = tuple([await self._ref_of(project, scorer) for scorer in settings.scorers])
            ref = await self._publish(project, name, rules.object_of(name, settings, scorers))
        except Permanent as error:
            self._complain(project, name, str(error))
            return None
        return rules.configured_rule(name, ref, settings, project, scorers)

    async def _ref_of(self, project: str, scorer: str) -> str:
        """Return the ref of a scorer that a monitor names, with its digest; a registered one is published."""
        named = parsed(scorer)
        if named is None:
            if scorer not in self._known:
                raise UnknownPath(f"there is no scorer {scorer}")
            return await self._publish(project, scorer, object_form(self._known[scorer]))
        if not _MOVING.fullmatch(named.digest):
            return scorer
        asked = {"project_id": named.project_id, "object_id": named.name, "digest": named.digest,
                 "metadata_only": True}  # fmt: skip
        digest = (await self._client.ask("/obj/read", asked))["obj"]["digest"]
        return f"{REF_SCHEME}{named.project_id}/{named.kind}/{named.name}:{digest}"

    async def _publish(self, project: str, object_id: str, val: Any) -> str:
        """Publish an object, once; the same content is the same version."""
        key = (project, object_id)
        if key not in self._published:
            body = {"obj": {"project_id": project, "object_id": object_id, "val": val}}
            digest = (await self._client.ask("/obj/create", body))["digest"]
            self._published[key] = f"{REF_SCHEME}{project}/object/{object_id}:{digest}"
        return self._published[key]

    def _complain(self, project: str, name: str, reason: str) -> None:
        if self._minutely.due((project, name)):
            log().error("monitor_unusable", project=project, monitor=name, reason=reason)
