"""The service's side of scoring workers: when there are some, what they are told, how they end.

The workers are programs of the standard library: one that waits for the end of its standard input and then
repeats it, one that ends at once, one that does not hear.
"""

from __future__ import annotations

import asyncio
import os

import orjson
import pytest

from otel_bridge.config import BridgeConfig
from otel_bridge.http.listener import Bound
from otel_bridge.ingest.address import url_of
from otel_bridge.ingest.child import background
from otel_bridge.model.scoring import Outcome, Task
from otel_bridge.model.tasks import ClaimTasks, EnqueueTasks, SettleTasks
from otel_bridge.scorer.settings import ScoringSettings
from otel_bridge.service.scoring import Job, Workers, open_workers
from otel_bridge.store.memory import MemoryStore
from otel_bridge.telemetry import Telemetry
from tests.contract.api.ledger import InProcessScoring

REPEATS = "json.tool"
ENDS = "no_such_module"
PATIENCE = 60
IDLE_SECONDS = 0.05
TASK = Task(project_id="acme/app", call_id="1" * 16, scorer_ref="weave:///acme/app/object/s:1")
JOB = Job(
    url="http://127.0.0.1:1",
    token="secret",
    scoring=b'{"workers":1}',
    log_level="info",
    log_format="json",
    kafka=b"null",
)


@pytest.fixture
def ledger():
    return InProcessScoring(MemoryStore())


@pytest.fixture
def make(ledger):
    """Workers of a program, as many as asked for."""

    def makes(module: str = REPEATS, **members) -> Workers:
        settings = {"processes": 1, "idle_seconds": IDLE_SECONDS} | members
        return Workers(ledger, JOB, Telemetry(), module=module, **settings)

    return makes


async def holds(condition) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - of processes nobody tells an event
            await asyncio.sleep(0.01)


async def queue(ledger) -> None:
    await ledger.enqueue(EnqueueTasks(tasks=(TASK,), again=True))


async def finish(ledger) -> None:
    """Let nothing wait any more."""
    (leased,) = (await ledger.claim(ClaimTasks(worker="w"))).leased
    failed = Outcome(task=leased.task, attempt=leased.attempt, state="failed", error="no")
    await ledger.settle(SettleTasks(outcomes=(failed,)))


async def test_there_is_a_worker_while_something_is_to_be_done(make, ledger):
    workers = make()
    async with background(workers.run()):
        await asyncio.sleep(0)
        assert (workers.health, workers.pids) == ("idle", frozenset())

        await queue(ledger)
        await holds(lambda: workers.pids)
        assert workers.health == "working"

        await finish(ledger)
        await holds(lambda: not workers.pids)
        assert workers.health == "idle"

        await queue(ledger)
        await holds(lambda: workers.pids)


async def test_as_many_as_the_configuration_says(make, ledger):
    workers = make(processes=3)
    await queue(ledger)
    async with background(workers.run()):
        await holds(lambda: len(workers.pids) == 3)
    assert workers.pids == frozenset()


async def test_none_where_the_configuration_wants_none(make, ledger):
    workers = make(processes=0)
    await queue(ledger)
    async with background(workers.run()):
        assert workers.health == "off"


async def test_always_where_jobs_come_from_elsewhere(make):
    workers = make(always=True)
    async with background(workers.run()):
        await holds(lambda: workers.pids)


async def test_one_that_dies_is_started_again_and_counted(make, ledger):
    workers = make(ENDS)
    await queue(ledger)
    async with background(workers.run()):
        await holds(lambda: workers._telemetry.value("otel_bridge_scoring_worker_restarts_total") >= 2)
    assert workers.pids == frozenset()


async def test_one_that_cannot_be_started_is_tried_again(make, ledger):
    workers = make()
    command, workers._command = workers._command, ("/no/such/program",)
    await queue(ledger)
    async with background(workers.run()):
        await holds(lambda: workers.health == "restarting")
        workers._command = command
        await holds(lambda: workers.pids)


async def test_it_is_told_what_to_do_on_its_standard_input(make, ledger, capfd):
    workers = make()
    await queue(ledger)
    async with background(workers.run()):
        await holds(lambda: workers.pids)

    told = orjson.loads(capfd.readouterr().out)
    assert told.pop("worker").endswith(f"-{os.getpid()}-1")
    assert told == {
        "url": "http://127.0.0.1:1",
        "token": "secret",
        "confined": False,
        "scoring": {"workers": 1},
        "kafka": None,
        "log_level": "info",
        "log_format": "json",
    }


async def test_one_that_does_not_stop_is_killed(make, ledger):
    workers = make("http.server", stop_seconds=0.05)
    workers._command = (*workers._command, "0", "--bind", "127.0.0.1")
    await queue(ledger)
    async with background(workers.run()):
        await holds(lambda: workers.pids)
        (pid,) = workers.pids
    assert not os.path.exists(f"/proc/{pid}")  # noqa: ASYNC240, PTH110 - a look at the processes


async def test_a_second_signal_waits_for_none(make, ledger):
    hurry = asyncio.Event()
    workers = make("http.server", hurry=hurry, stop_seconds=10 * PATIENCE)
    workers._command = (*workers._command, "0", "--bind", "127.0.0.1")
    await queue(ledger)
    async with asyncio.timeout(PATIENCE), background(workers.run()):
        await holds(lambda: workers.pids)
        hurry.set()


async def test_a_bridge_may_have_no_workers(ledger):
    config = BridgeConfig(scoring=ScoringSettings(workers=0))
    async with open_workers(config, ledger, Telemetry(), Bound("127.0.0.1", 1), asyncio.Event()) as workers:
        assert workers.health == "off"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "127.0.0.1:6345"),
        ("0.0.0.0", "127.0.0.1:6345"),
        ("::", "[::1]:6345"),
        ("::1", "[::1]:6345"),
        ("192.0.2.7", "192.0.2.7:6345"),
    ],
)
def test_workers_reach_an_api_that_listens_everywhere_on_loopback(host, expected):
    assert url_of(host, 6345) == f"http://{expected}"
