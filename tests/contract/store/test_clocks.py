"""Senders with a wrong clock: their calls are listed where people look, and stay as they were sent."""

from __future__ import annotations

import apsw
import pytest

from otel_bridge.model import query as q
from otel_bridge.model.call import CompletedCall
from otel_bridge.model.query import CallsFilter, Column, SortBy
from otel_bridge.model.questions import AskThreads
from otel_bridge.store.clocks import AHEAD_SECONDS, LATE_SECONDS
from otel_bridge.store.sqlite import migrate
from tests.contract.store.older import take_back
from tests.contract.store.records import PROJECT, T0, Store, a_call, a_start, an_end, call_id
from tests.contract.store.test_measure import an_llm_call, measure, rows, tokens

SECOND = 1_000_000
DAY = 86_400 * SECOND
YEAR = 365 * DAY
IN_2099 = T0 + 73 * YEAR
IN_2262 = 9_223_372_036_854_775
NEWEST = (SortBy("listed_at", "desc"), SortBy("started_at", "desc"))
BY_START = (SortBy("started_at", "desc"),)
WRONG = {
    "years ahead": IN_2099,
    "days ahead": T0 + 2 * DAY,
    "as far ahead as nanoseconds go": IN_2262,
    "never set": 0,
    "before the epoch": -DAY,
    "days behind": T0 - 3 * DAY,
    "years behind": T0 - 5 * YEAR,
}
OURS = ("received_at", "listed_at", "happened_at")


def since(field: str, micros: int) -> q.Operation:
    return q.Compare("gte", q.GetField(Column(field)), q.Literal(micros / SECOND))


@pytest.fixture(params=WRONG.values(), ids=WRONG)
def wrong(request) -> int:
    return request.param


@pytest.fixture
def told(store, wrong):
    """A store with calls 1 and 3 of a good clock, and call 2 of a wrong one that arrived between them."""
    store.write(a_call(1, started_at=T0 - SECOND))
    store.write(a_call(2, started_at=wrong), received_at=T0 + 10 * SECOND)
    store.write(a_call(3, started_at=T0 + 20 * SECOND), received_at=T0 + 21 * SECOND)
    return store


class TestListing:
    def test_a_call_of_a_wrong_clock_is_listed_where_it_arrived(self, told):
        assert told.numbers(sort_by=NEWEST) == [3, 2, 1]
        assert told.numbers(sort_by=NEWEST, limit=2) == [3, 2]
        assert told.numbers(sort_by=NEWEST, filter=CallsFilter(trace_roots_only=True)) == [3, 2, 1]

    def test_its_start_stays_as_it_was_sent(self, told, wrong):
        by_start = sorted([(T0 - SECOND, 1), (wrong, 2), (T0 + 20 * SECOND, 3)], reverse=True)
        assert told.numbers(sort_by=BY_START) == [number for _, number in by_start]
        assert told.numbers() == [number for _, number in reversed(by_start)]

    def test_a_range_of_time_finds_it_unless_it_may_have_been_late(self, told, wrong):
        asked = since("happened_at", T0 + 5 * SECOND)
        could_be = wrong in {WRONG["days behind"], WRONG["years behind"]}
        expected = [3] if could_be else [3, 2]
        assert told.numbers(sort_by=NEWEST, query=asked) == expected
        assert told.count(query=asked) == len(expected)

    def test_an_end_a_name_and_a_new_translation_leave_it_where_it_is(self, store, wrong):
        store.write(a_start(2, started_at=wrong), received_at=T0)
        store.write(a_call(3, started_at=T0 + SECOND), received_at=T0 + SECOND)
        store.write(an_end(2), received_at=T0 + 2 * SECOND)
        store.write(a_start(2, started_at=wrong, inputs=b'{"q":2}'), received_at=T0 + 3 * SECOND)
        assert store.numbers(sort_by=NEWEST) == [3, 2]


def test_members_of_our_own_come_when_they_are_asked_for_and_not_else(store):
    store.write(a_call(1, started_at=IN_2099), a_call(2, started_at=T0 - 3 * DAY), a_call(3))

    (line, *_) = store.calls()
    assert not set(OURS) & set(line)
    found = {call["id"]: [call[name] for name in OURS] for call in store.calls(columns=OURS)}
    arrived, late = "2026-01-02T03:04:05.006000Z", "2025-12-30T03:04:05.006000Z"
    assert found == {
        call_id(1): [arrived, arrived, arrived],
        call_id(2): [arrived, arrived, late],
        call_id(3): [arrived, arrived, arrived],
    }


@pytest.mark.parametrize(
    ("started_at", "listed_first"),
    [
        (T0 + AHEAD_SECONDS * SECOND, True),
        (T0 + AHEAD_SECONDS * SECOND + 1, False),
        (T0 - LATE_SECONDS * SECOND, False),
    ],
)
def test_a_small_difference_is_left_alone(store, started_at, listed_first):
    store.write(a_call(1, started_at=started_at))
    store.write(a_call(2, started_at=T0 + SECOND), received_at=T0 + SECOND)
    assert (store.numbers(sort_by=NEWEST)[0] == 1) is listed_first
    (line,) = store.calls(columns=OURS, filter=CallsFilter(call_ids=(call_id(1),)))
    assert (line["listed_at"] == line["started_at"]) is (started_at != T0 + AHEAD_SECONDS * SECOND + 1)


def test_a_bridge_whose_own_clock_was_never_set_believes_its_senders(store):
    store.write(a_call(1, started_at=T0), received_at=5 * SECOND)
    store.write(a_call(2, started_at=T0 - SECOND), received_at=6 * SECOND)
    assert store.numbers(sort_by=NEWEST) == [1, 2]


def test_calls_of_one_request_are_listed_in_the_order_of_their_starts(store):
    store.write(*(a_call(n, started_at=IN_2099 + at) for n, at in ((1, 5), (2, 9), (3, 1))))
    assert store.numbers(sort_by=NEWEST) == [2, 1, 3]


def test_every_page_of_a_listing_goes_on_where_the_last_one_ended(store):
    for at in range(40):
        started_at = IN_2099 - at if at % 3 == 0 else T0 - 2 * DAY if at % 3 == 1 else T0 + at * SECOND
        store.write(a_call(at + 1, started_at=started_at), received_at=T0 + at * SECOND)
    assert store.numbers(sort_by=NEWEST) == [*range(40, 0, -1)]
    pages = [store.numbers(sort_by=NEWEST, limit=7, offset=7 * page) for page in range(6)]
    assert [number for page in pages for number in page] == [*range(40, 0, -1)]


@pytest.mark.parametrize("asked", [{}, {"op_names": ("chat",)}, {"call_ids": (call_id(1), call_id(2))}])
class TestStatistics:
    @pytest.mark.parametrize("started_at", [IN_2099, 0, IN_2262])
    def test_a_start_that_cannot_be_counts_where_the_call_arrived(self, store, asked, started_at):
        store.write(an_llm_call(1, started_at=started_at))
        store.write(a_start(2, started_at=started_at))
        store.write(an_llm_call(2).end, received_at=T0 + DAY)
        assert rows(store, **asked) == {0: 2}
        assert tokens(store, **asked) == {"m": 20}
        assert measure(store, edges=(started_at - 1, started_at + 1), **asked).calls == {}

    def test_a_call_that_came_late_counts_where_it_started(self, store, asked):
        store.write(an_llm_call(1, started_at=T0 - 3 * DAY))
        assert rows(store, **asked) == {}
        then = (T0 - 3 * DAY - 1, T0 - 3 * DAY + 1)
        assert rows(store, edges=then, **asked) == {0: 1}
        assert tokens(store, edges=then, **asked) == {"m": 10}

    def test_what_is_deleted_or_ended_anew_counts_no_more(self, store, asked):
        store.write(an_llm_call(1, started_at=IN_2099))
        store.write(an_llm_call(1, tokens=3).end)
        assert tokens(store, **asked) == {"m": 3}
        store.write(CompletedCall(a_start(1, started_at=T0), an_llm_call(1, tokens=4).end))
        assert tokens(store, **asked) == {"m": 4}


def test_threads_are_listed_by_when_they_were_heard_of(store):
    def turn(number: int, thread: str, **members) -> CompletedCall:
        named = {"thread_id": thread, "turn_id": call_id(number)}
        return CompletedCall(
            a_start(number, **named, **members), an_end(number, ended_at=members["started_at"])
        )

    store.write(turn(1, "ahead", started_at=IN_2099))
    store.write(turn(2, "good", started_at=T0 + SECOND), received_at=T0 + SECOND)
    store.write(turn(3, "behind", started_at=T0 - 2 * DAY), received_at=T0 + 2 * SECOND)
    lines = store.reader.answer(AskThreads(project_id=PROJECT)).splitlines()
    assert [line.split(b'"')[3] for line in lines] == [b"behind", b"good", b"ahead"]


def test_retention_counts_from_arrivals(tmp_path):
    store = Store("sqlite", tmp_path / "calls.db")
    store.write(a_call(1, started_at=IN_2099))
    store.write(a_call(2, started_at=0), received_at=T0 + 2 * DAY)
    store.limit_retention(seconds=86_400)
    while store.writer.maintain(now=T0 + 2 * DAY):
        pass
    assert store.numbers() == [2]
    store.close()


def test_a_store_of_an_earlier_version_learns_which_clocks_were_wrong(tmp_path):
    store = Store("sqlite", tmp_path / "calls.db")
    starts = (IN_2099, 0, T0 - 2 * DAY, T0)
    store.write(*(an_llm_call(n, started_at=at) for n, at in enumerate(starts, 1)))
    before = store.calls(columns=OURS), tokens(store)
    store.close()
    file = apsw.Connection(str(store.path))
    file.execute("UPDATE usages SET started_at = (SELECT started_at FROM calls WHERE calls.seq = usages.seq)")
    take_back(file, schema=8)
    file.close()

    store.open()
    assert (store.calls(columns=OURS), tokens(store)) == before
    assert store.writer._connection.pragma("user_version") == len(migrate.steps())
    store.close()


@pytest.mark.parametrize("field", ["listed_at", "happened_at"])
def test_without_wrong_clocks_a_listing_walks_along_the_index_of_starts(tmp_path, field):
    store = Store("sqlite", tmp_path / "calls.db")
    store.write(a_call(1))
    ran = []
    run = store.reader.run
    store.reader.run = lambda sql: ran.append(sql.text) or run(sql)
    assert store.numbers(sort_by=NEWEST, query=since(field, T0)) == [1]
    walks = [text for text in ran if "ORDER BY c.started_at DESC, c.id DESC" in text]
    assert walks
    assert not any(word in walk for walk in walks for word in ("iif", "UNION", "flags"))
    store.close()


def test_with_wrong_clocks_a_listing_walks_along_two_indexes_and_sorts_nothing_large(tmp_path):
    store = Store("sqlite", tmp_path / "calls.db")
    store.write(a_call(1), a_call(2, started_at=IN_2099))
    ran = []
    run = store.reader.run
    store.reader.run = lambda sql: ran.append(sql) or run(sql)
    assert store.numbers(sort_by=NEWEST, query=since("happened_at", T0), limit=9) == [2, 1]
    (walk,) = [sql for sql in ran if "UNION ALL" in sql.text and "seq" in sql.text]
    file = apsw.Connection(str(store.path))
    steps = [row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {walk.text}", walk.args)]
    file.close()
    assert "MERGE (UNION ALL)" in steps
    assert any("calls_by_start (project=? AND started_at>" in step for step in steps), steps
    assert any("misplaced_calls (project=?" in step for step in steps), steps
    assert not any("USE TEMP B-TREE FOR ORDER BY" in step for step in steps), steps
    store.close()
