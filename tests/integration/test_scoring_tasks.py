"""Scoring tasks between the service and its writer process: real processes, a real file."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress

import orjson
import pytest

from otel_bridge.api.scoring.waiting import claim_when_due
from otel_bridge.errors import InvalidRequest, Unavailable
from otel_bridge.ingest.keeper import open_keeper
from otel_bridge.ingest.settings import WriterSettings
from otel_bridge.model import tasks as t
from otel_bridge.model.questions import AskScoring
from otel_bridge.store.scoring.watching import Watched
from otel_bridge.telemetry import Telemetry
from otel_bridge.weave.base import Write
from tests.contract.store.records import PROJECT, call_id
from tests.contract.store.scoring_records import A, B, a_task, claim, done, queue, settle

PATIENCE = 60


def settings(folder, **members) -> WriterSettings:
    return WriterSettings(
        data_dir=str(folder), retention_seconds=None, max_bytes=None, default_project=None, **members
    )


@pytest.fixture
async def keeper(tmp_path):
    async with open_keeper(settings(tmp_path, watched=Watched(projects=(PROJECT,))), Telemetry()) as keeper:
        yield keeper


async def write_call(keeper, number: int = 1) -> None:
    start = {"project_id": PROJECT, "id": call_id(number), "trace_id": "0" * 31 + "1", "op_name": "op",
             "started_at": "2026-01-01T00:00:00Z", "inputs": {}, "attributes": {}}  # fmt: skip
    end = {"project_id": PROJECT, "id": call_id(number), "ended_at": "2026-01-01T00:00:01Z", "summary": {}}
    batch = {"batch": [{"mode": "start", "req": {"start": start}}, {"mode": "end", "req": {"end": end}}]}
    route, body = "/call/upsert_batch", orjson.dumps(batch)
    answer = await keeper.write(
        Write(route=route, body=body, received_at=time.time_ns() // 1000, project_id=None, content_type=None)
    )
    assert answer.status == 200


async def status(keeper, **asked):
    return orjson.loads(await keeper.answer(AskScoring(project_id=PROJECT, **asked)))


async def test_tasks_go_from_the_queue_to_feedback(keeper):
    await write_call(keeper)
    queued = await keeper.scoring.enqueue(queue(a_task(1, A, job_id="j"), a_task(1, B, job_id="j")))
    assert queued.queued == 2
    claimed = await keeper.scoring.claim(claim())
    assert {one.task.scorer_ref for one in claimed.leased} == {A, B}
    renewed = await keeper.scoring.renew(t.RenewTasks(worker="w", tasks=(claimed.leased[0].task,)))
    assert renewed.renewed == 1
    assert await keeper.scoring.settle(settle(*map(done, claimed.leased))) == t.Settled(kept=2, done=2)
    assert (await status(keeper, job_id="j"))["counts"] == {"queued": 0, "leased": 0, "done": 2, "failed": 0}


async def test_many_tasks_are_queued_in_parts_and_told_together(keeper):
    tasks = tuple(a_task(number, ref) for number in range(1, 1_300) for ref in (A, B))
    told = await keeper.scoring.enqueue(queue(*tasks, tell=True))
    assert (told.queued, told.tasks) == (len(tasks), tasks)
    assert keeper.scoring.backlog().queued == len(tasks)


async def test_whoever_waits_for_tasks_has_them_as_soon_as_there_are_any(keeper):
    waiting = asyncio.create_task(claim_when_due(keeper.scoring, claim(), wait_seconds=PATIENCE))
    await keeper.scoring.enqueue(queue(a_task(1)))
    claimed = await asyncio.wait_for(waiting, PATIENCE)
    assert len(claimed.leased) == 1


async def test_whoever_waits_has_a_task_when_a_lease_ends(keeper):
    await keeper.scoring.enqueue(queue(a_task(1)))
    await keeper.scoring.claim(claim("one", lease_seconds=1))
    claimed = await claim_when_due(keeper.scoring, claim("two"), wait_seconds=PATIENCE)
    assert [one.attempt for one in claimed.leased] == [2]


async def test_a_wait_for_nothing_ends(keeper):
    await keeper.scoring.enqueue(queue(a_task(1, A)))
    assert await claim_when_due(keeper.scoring, claim(rooms={A: 0}), wait_seconds=0.05) == t.Claimed()


async def test_calls_that_end_are_offered_and_let_go_with_the_tasks_they_led_to(keeper):
    waiting = asyncio.create_task(claim_when_due(keeper.scoring, claim(ended=10), wait_seconds=PATIENCE))
    await write_call(keeper)
    claimed = await asyncio.wait_for(waiting, PATIENCE)
    assert [(one.project_id, one.call_id) for one in claimed.ended] == [(PROJECT, call_id(1))]
    assert claimed.ended[0].ended_at == 1_767_225_601_000_000
    await keeper.scoring.enqueue(queue(a_task(1), ended=claimed.ended))
    claimed = await keeper.scoring.claim(claim(ended=10))
    assert (len(claimed.leased), claimed.ended) == (1, ())


async def test_the_backlog_is_told_again_by_a_writer_that_was_killed(keeper):
    await keeper.scoring.enqueue(queue(a_task(1), a_task(2)))
    os.kill(keeper._writer._process.pid, signal.SIGKILL)
    again = None
    async with asyncio.timeout(PATIENCE):
        while again is None:
            with suppress(Unavailable):
                again = await keeper.scoring.enqueue(queue(a_task(2), a_task(3)))
            await asyncio.sleep(0.01)
    assert again.queued == 1
    assert keeper.scoring.backlog().queued == 3


async def test_what_makes_no_sense_is_refused_and_named(keeper):
    with pytest.raises(InvalidRequest) as refused:
        await keeper.scoring.enqueue(queue(a_task(1), a_task(call_id="")))
    assert refused.value.field == "tasks[1].call_id"
    with pytest.raises(InvalidRequest) as refused:
        await keeper.scoring.claim(claim(limit=1_001))
    assert refused.value.field == "limit"


async def test_a_bridge_that_keeps_no_calls_has_no_tasks(tmp_path):
    from otel_bridge.ingest.settings import QueueSettings  # noqa: PLC0415
    from otel_bridge.queue.base import Destination  # noqa: PLC0415

    folder = tmp_path / "queue"
    waiting = QueueSettings(
        path=str(folder / "queue.db"),
        dead_path=str(folder / "dead.db"),
        destinations=(Destination(name="weave"),),
    )
    async with open_keeper(settings(tmp_path, store=False, queue=waiting), Telemetry()) as keeper:
        assert keeper.scoring is None
