"""What the queue promises whoever puts records into it and whoever takes them out (`queue.base`)."""

from __future__ import annotations

import pytest

from otel_bridge.queue.base import Destination
from tests.contract.queue.records import (
    MANY,
    ONE,
    PROJECT,
    TWO,
    WEAVE,
    Queue,
    a_dead_call,
    a_record,
)


class TestOrder:
    def test_a_lane_lends_its_records_in_the_order_they_came(self, queue):
        queue.put(*(a_record(str(number)) for number in range(5)))
        queue.put(a_record("5"))
        assert queue.drain() == ["0", "1", "2", "3", "4", "5"]

    def test_lanes_do_not_wait_for_each_other(self, queue):
        queue.put(
            a_record("slow", shard=1), a_record("quick", shard=2), a_record("other", project="acme/test")
        )
        assert [record.payload for _, record in queue.lend()] == [b"slow", b"quick", b"other"]
        (slow, _), (quick, record), _ = queue.lend()
        queue.settle(quick, record.seq)
        assert [lane for lane, _ in queue.lanes()] == [slow, slow + 2]

    def test_what_is_lent_and_not_settled_is_lent_again_after_a_restart(self, queue):
        queue.put(a_record("a"), a_record("b"))
        lane, first = queue.lend()[0]
        queue.settle(lane, first.seq)
        queue.reopen()
        assert queue.drain() == ["b"]

    def test_a_batch_ends_at_its_limit_of_calls(self, queue):
        queue.put(*(a_record(str(number), calls=3) for number in range(5)))
        assert len(queue.lend(max_calls=9)) == 3
        assert len(queue.lend(max_calls=1)) == 1

    def test_a_batch_ends_at_its_limit_of_unpacked_bytes(self, queue):
        queue.put(*(a_record("z" * 1000) for _ in range(5)))
        assert len(queue.lend(max_bytes=2500)) == 2
        assert len(queue.lend(max_bytes=1)) == 1

    def test_a_record_comes_back_as_it_was_put(self, queue):
        put = a_record("whole", calls=7)
        queue.put(put)
        (_, record) = queue.lend()[0]
        assert (record.payload, record.calls, record.received_ns, record.wb_run_id, record.kind) == (
            b"whole", 7, put.received_ns, "run", "calls",
        )  # fmt: skip
        assert (record.damage, record.barrier) == (None, False)

    def test_numbers_grow_also_when_the_queue_runs_empty_and_starts_again(self, queue):
        queue.put(a_record("a"), a_record("b"))
        queue.drain()
        queue.reopen()
        queue.put(a_record("c"))
        assert queue.lend()[0][1].seq == 3


class TestBarrier:
    def test_a_barrier_waits_for_everything_of_its_project_that_came_before_it(self, queue):
        queue.put(a_record("span", shard=3), a_record("start", shard=0))
        queue.put(a_record("delete", shard=0, barrier=True), a_record("later", shard=0))
        (spans, span), (api, start) = queue.lend()
        queue.settle(api, start.seq)
        assert queue.reader.read(WEAVE, api, start.seq, max_calls=9, max_bytes=MANY).blocked
        queue.settle(spans, span.seq)
        assert [record.payload for _, record in queue.lend()] == [b"delete"]
        assert queue.drain() == ["delete", "later"]

    def test_other_projects_and_later_records_do_not_hold_a_barrier(self, queue):
        queue.put(
            a_record("foreign", shard=1, project="acme/test"), a_record("delete", shard=0, barrier=True)
        )
        queue.put(a_record("later", shard=2))
        assert {record.payload for _, record in queue.lend()} == {b"foreign", b"delete", b"later"}

    def test_a_batch_ends_before_a_barrier(self, queue):
        queue.put(a_record("a", shard=0), a_record("b", shard=0), a_record("rename", shard=0, barrier=True))
        assert [record.payload for _, record in queue.lend()] == [b"a", b"b"]


class TestDestinations:
    @pytest.fixture
    def queue(self, tmp_path):
        opened = Queue(tmp_path / "queue.db", TWO)
        yield opened
        opened.close()

    def test_a_record_is_kept_once_and_goes_when_the_last_destination_has_it(self, queue):
        queue.put(a_record("x" * 500))
        size = queue.writer.sizes().bytes
        queue.drain(WEAVE)
        assert (queue.writer.sizes().bytes, queue.writer.sizes().records) == (size, 1)
        assert queue.drain("audit") == ["x" * 500]
        assert (queue.writer.sizes().bytes, queue.writer.sizes().records) == (0, 0)

    def test_each_has_a_cursor_of_its_own(self, queue):
        queue.put(a_record("a"), a_record("b"), a_record("c"))
        lane, first = queue.lend("audit")[0]
        queue.settle(lane, first.seq, "audit")
        assert (queue.waiting(WEAVE), queue.waiting("audit")) == (["a", "b", "c"], ["b", "c"])

    def test_a_new_one_gets_what_comes_from_now_on(self, queue):
        queue.put(a_record("old"))
        queue.reopen((*TWO, Destination("third")))
        queue.put(a_record("new"))
        assert queue.drain("third") == ["new"]
        assert queue.drain(WEAVE) == ["old", "new"]

    def test_what_waits_for_one_that_is_gone_stays_until_it_comes_back(self, queue):
        queue.put(a_record("a"))
        queue.drain(WEAVE)
        queue.reopen(ONE)
        queue.put(a_record("b"))
        queue.drain(WEAVE)
        queue.reopen(TWO)
        queue.put(a_record("c"))
        assert queue.drain("audit") == ["a", "c"]

    def test_a_record_may_be_for_some_of_them_only(self, queue):
        queue.put(a_record("both"), a_record("one", destinations=("audit",)), a_record("both too"))
        assert queue.drain(WEAVE) == ["both", "both too"]
        assert sorted(queue.drain("audit")) == ["both", "both too", "one"]
        assert queue.writer.sizes().records == 0
        totals = {each.destination: each.put for each in queue.writer.sizes().totals}
        assert totals == {WEAVE: 2, "audit": 3}

    def test_whom_a_record_is_for_outlives_a_restart(self, queue):
        queue.put(a_record("one", destinations=("audit",)))
        queue.reopen()
        queue.put(a_record("two", destinations=("audit",)))
        assert queue.drain(WEAVE) == []
        assert queue.drain("audit") == ["one", "two"]

    def test_a_barrier_waits_for_what_its_destinations_wait_for(self, queue):
        queue.put(a_record("a", destinations=("audit",)), a_record("gone", shard=0, barrier=True))
        assert [record.payload for _, record in queue.lend(WEAVE)] == [b"gone"]
        assert [record.payload for _, record in queue.lend("audit")] == [b"a"]

    def test_the_order_of_a_lane_holds_when_destinations_change(self, queue):
        queue.put(a_record("a"), a_record("b"))
        queue.reopen(ONE)
        queue.put(a_record("c"))
        assert [record.payload for _, record in queue.lend()] == [b"a", b"b"]
        assert queue.drain() == ["a", "b", "c"]


class TestSettling:
    def test_settling_again_changes_nothing(self, queue):
        queue.put(a_record("a"), a_record("b"))
        lane, record = queue.lend()[0]
        queue.settle(lane, record.seq)
        queue.settle(lane, record.seq, dead=[a_dead_call(record.seq)])
        assert queue.total().delivered == 1
        assert (queue.waiting(), queue.letters()) == (["b"], [])

    def test_a_lane_or_a_destination_that_nobody_knows_is_ignored(self, queue):
        queue.put(a_record("a"))
        queue.settle(99, 1)
        queue.settle(queue.lanes()[0][0], 1, "stranger")
        assert queue.waiting() == ["a"]

    def test_more_than_came_cannot_be_settled(self, queue):
        queue.put(a_record("a"))
        queue.settle(queue.lanes()[0][0], MANY)
        queue.put(a_record("b"))
        assert queue.drain() == ["b"]

    def test_a_dead_call_is_kept_with_what_the_destination_said(self, queue):
        queue.put(a_record("abc", calls=3))
        lane, record = queue.lend()[0]
        queue.settle(lane, record.seq, dead=[a_dead_call(record.seq, 1)])
        (letter,) = queue.letters()
        assert (letter.reason, letter.status, letter.answer, letter.payload) == (
            "refused",
            400,
            b"no",
            b"bad",
        )
        assert (letter.project_id, letter.destination, letter.calls) == (PROJECT, WEAVE, 1)
        total = queue.total()
        assert (total.put, total.delivered, total.dead, total.lost, total.waiting) == (3, 2, 1, 0, 0)

    def test_a_dead_call_is_kept_once_when_the_cursor_could_not_move_with_it(self, queue):
        queue.put(a_record("abc", calls=3))
        lane, record = queue.lend()[0]
        queue.writer.begin()
        queue.writer.settle(WEAVE, lane, record.seq, dead=[a_dead_call(record.seq, 1)])
        queue.writer.rollback()
        queue.settle(lane, record.seq, dead=[a_dead_call(record.seq, 1)])
        assert len(queue.letters()) == 1
        assert queue.total().dead == 1

    def test_totals_outlive_a_restart(self, queue):
        queue.put(a_record("a", calls=4), a_record("b", calls=2))
        lane, record = queue.lend()[0]
        queue.settle(lane, record.seq, dead=[a_dead_call(record.seq)])
        before = queue.total()
        queue.reopen()
        assert queue.total() == before
