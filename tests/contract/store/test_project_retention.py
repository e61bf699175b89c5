"""Projects that keep their calls for another time than the rest of the store."""

from __future__ import annotations

import orjson
import pytest

from otel_bridge.model import query as q
from otel_bridge.model.call import CompletedCall
from otel_bridge.model.questions import AskFeedback
from otel_bridge.store.limits import ProjectLimits, StoreLimits
from otel_bridge.store.sqlite import expiring
from tests.contract.store.annex_records import a_remark, remarks
from tests.contract.store.records import T0, Store, a_start, an_end

DAY = 86_400
MICROS = 1_000_000
SHORT, PLAIN, LONG, FOREVER = "acme/short", "acme/plain", "acme/long", "archive/all"
LIMITS = StoreLimits(
    retention_seconds=10 * DAY,
    max_bytes=None,
    projects=(
        ProjectLimits(projects="archive/*", retention_seconds=None),
        ProjectLimits(projects="acme/lo*", retention_seconds=30 * DAY),
        ProjectLimits(projects=SHORT, retention_seconds=DAY),
        ProjectLimits(projects="acme/short*", retention_seconds=40 * DAY),
    ),
)
EVERY = (SHORT, PLAIN, LONG, FOREVER)


@pytest.fixture(params=["sqlite", "memory"])
def store(request, tmp_path):
    opened = Store(request.param, tmp_path / "calls.db", LIMITS)
    yield opened
    opened.close()


def a_call(number: int, project: str) -> CompletedCall:
    return CompletedCall(a_start(number, project_id=project), an_end(number, project_id=project))


def upkeep(store: Store, days: float) -> int:
    steps = 1
    while store.writer.maintain(now=T0 + int(days * DAY * MICROS)):
        steps += 1
        assert steps < 1000
    return steps


def kept(store: Store) -> dict[str, list[int]]:
    found = {project: store.numbers(project_id=project) for project in EVERY}
    return {project: numbers for project, numbers in found.items() if numbers}


def test_each_project_keeps_its_calls_for_its_own_time(store):
    for number, project in enumerate(EVERY):
        store.write(a_call(number, project))
    assert kept(store) == {SHORT: [0], PLAIN: [1], LONG: [2], FOREVER: [3]}
    for days, left in ((0.9, EVERY), (1.1, EVERY[1:]), (9, EVERY[1:]), (11, EVERY[2:]), (31, EVERY[3:])):
        upkeep(store, days)
        assert [*kept(store)] == [*left]
    upkeep(store, 9999)
    assert [*kept(store)] == [FOREVER]
    assert store.writer.expired == 3


def test_the_oldest_go_first_by_their_arrival(store):
    for number in range(1, 7):
        store.write(a_call(number, SHORT), a_call(number, FOREVER), received_at=T0 + number * MICROS)
    upkeep(store, 1 + 3.5 / DAY)
    assert kept(store) == {SHORT: [4, 5, 6], FOREVER: [1, 2, 3, 4, 5, 6]}


def test_feedback_and_ends_without_a_start_go_with_their_project(store):
    for number, project in enumerate((SHORT, LONG), 1):
        store.write(a_call(number, project))
        store.write(remarks(a_remark("on a call", number, project)))
        store.write(remarks(a_remark("on nothing", 77, project)))
        store.write(an_end(9, project_id=project, output=b'"waited"'))
    upkeep(store, 2)
    for project, left in ((SHORT, 0), (LONG, 2)):
        rows = orjson.loads(store.reader.answer(AskFeedback(project_id=project)))
        assert len(rows["result"]) == left
        store.write(a_start(9, project_id=project), received_at=T0 + 2 * DAY * MICROS)
    waited = [
        store.calls(project_id=project, filter=q.CallsFilter(call_ids=(f"{9:016x}",)))
        for project in (SHORT, LONG)
    ]
    assert [call["output"] for (call,) in waited] == [None, "waited"]


def test_a_project_that_comes_later_has_its_time_too(store):
    store.write(a_call(1, PLAIN))
    upkeep(store, 0.5)
    store.write(a_call(2, "acme/longer"))
    upkeep(store, 11)
    assert (store.numbers(project_id=PLAIN), store.numbers(project_id="acme/longer")) == ([], [2])


def test_old_calls_go_in_short_steps_past_those_that_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(expiring, "STEP_CALLS", 10)
    monkeypatch.setattr(expiring, "SCANNED_CALLS", 25)
    store = Store("sqlite", tmp_path / "calls.db", LIMITS)
    store.write(*(a_call(number, FOREVER) for number in range(100)))
    store.write(*(a_call(number, SHORT) for number in range(50)))
    seen = []
    while store.writer.maintain(now=T0 + 2 * DAY * MICROS):
        seen.append(store.count(project_id=SHORT))
        assert len(seen) < 1000
    assert all(before - after <= 10 for before, after in zip([50, *seen], seen, strict=False))
    assert (store.count(project_id=SHORT), store.count(project_id=FOREVER)) == (0, 100)
    store.close()


def test_the_size_cap_takes_the_oldest_of_every_project(tmp_path):
    limits = StoreLimits(retention_seconds=None, max_bytes=16 << 20, projects=LIMITS.projects)
    store = Store("sqlite", tmp_path / "calls.db", limits)
    text = b'{"t":"%s"}' % (b"x" * 20_000)
    for number in range(1500):
        store.write(a_start(number, project_id=FOREVER, inputs=text))
        store.writer.maintain(now=T0)
    assert store.writer.expired > 0
    assert store.numbers(project_id=FOREVER)[-1] == 1499
    store.close()


@pytest.mark.parametrize(
    ("project", "days"), [(SHORT, 1), ("acme/shorter", 40), (LONG, 30), (PLAIN, 10), ("archive/a/b", 10)]
)
def test_what_spells_a_project_out_comes_before_patterns(project, days):
    assert LIMITS.retention_of(project) == days * DAY
    assert LIMITS.retention_of("archive/x") is None
    assert (LIMITS.ages, LIMITS.longest_seconds) == ((DAY, 10 * DAY, 30 * DAY, 40 * DAY), None)
