"""How scorers are applied: in whose processes, and with what deadline."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from otel_bridge.model.scoring import Leased
from otel_bridge.scorer.base import ScorerFailed
from otel_bridge.scorer.settings import ScoringSettings
from otel_bridge.scorer.spec import Bounds, Spec
from otel_bridge.scoring.assignments import Assignment
from otel_bridge.scoring.client import open_client
from otel_bridge.scoring.performing import InRunner, OverHttp
from otel_bridge.scoring.pools import MAX_OWN, Pools
from otel_bridge.scoring.reading import CallReader, Wants
from tests.unit.scoring.double import a_task, serving
from tests.unit.scoring.scripted import verdict

SPEC = Spec(name="plain", kind="regex", settings={}, origin="config", bounds=Bounds(timeout_seconds=0.01))


class APool:
    """Scores whatever comes; each call takes `seconds`, so the runner says."""

    size = 3

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.lines = 0
        self.left = False

    async def run(self, spec, lines):
        for index, _ in enumerate(lines):
            self.lines += 1
            yield index, verdict(True, started_at=1, ended_at=1 + int(1e6 * self.seconds))

    async def leave(self):
        self.left = True


@asynccontextmanager
async def reading(desk):
    async with serving(desk) as url, open_client(url, name="w1") as client:
        reader = CallReader(client)
        yield reader
        await reader.close()


def held(desk, *calls: str) -> list[Assignment]:
    tasks = [a_task(call) for call in calls]
    desk.add(*tasks)
    found = [Assignment(Leased(task=task, attempt=1, until=0)) for task in tasks]
    for one in found:
        one.spec = SPEC
    return found


async def test_a_scorer_that_turns_out_to_be_slow_goes_on_in_processes_of_its_own(desk):
    shared, own = APool(2.0), APool(2.0)
    async with reading(desk) as reader:
        performer = InRunner(reader, Wants(), shared, lambda: own)
        for calls in (("c1", "c2"), ("c3",)):
            assert [tried.result async for tried in performer.perform(held(desk, *calls))]
        await performer.close()
    assert (shared.lines, own.lines) == (2, 1)
    assert (shared.left, own.left) == (False, True)


async def test_a_fast_scorer_stays_where_the_others_are(desk):
    shared = APool(0.001)
    async with reading(desk) as reader:
        performer = InRunner(reader, Wants(), shared, lambda: APool(0))
        for call in ("c1", "c2"):
            assert [tried async for tried in performer.perform(held(desk, call))]
    assert shared.lines == 2


async def test_only_so_many_scorers_have_processes_of_their_own_and_they_give_them_back():
    pools = Pools(ScoringSettings(runners=2))
    own = [pools.alone(4) for _ in range(MAX_OWN)]
    assert len({id(pool) for pool in own}) == MAX_OWN
    assert {pool.size for pool in own} == {2}
    assert pools.alone(4) is pools.alone(4), "those that come late share"
    assert pools.alone(4) not in own
    await own[0].leave()
    assert pools.alone(1) not in own
    await pools.close()


async def test_a_judge_that_never_answers_is_given_up(desk):
    async def hang(_spec, _line, _task):
        await asyncio.Event().wait()

    async with reading(desk) as reader:
        performer = OverHttp(reader, Wants(), hang, slots=4)
        (tried,) = [tried async for tried in performer.perform(held(desk, "c1"))]
    assert isinstance(tried.result, ScorerFailed)
    assert "no result within" in str(tried.result)
