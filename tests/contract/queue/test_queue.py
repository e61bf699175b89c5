"""What the queue promises whoever puts records into it and whoever takes them out (`queue.base`)."""

from __future__ import annotations

import os

import apsw
import pytest

from otel_bridge.errors import StartError, Unavailable
from otel_bridge.queue.base import Destination, QueueLimits
from otel_bridge.queue.sqlite import book
from otel_bridge.store.sqlite.writer import SqliteWriter
from tests.contract.queue.records import (
    ANY_DISK,
    MANY,
    ONE,
    PROJECT,
    TWO,
    WEAVE,
    Queue,
    a_dead_call,
    a_record,
)

DAY = 86_400


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


class TestRoom:
    def test_a_full_queue_refuses_and_keeps_what_it_has_and_takes_again_when_there_is_room(self, tmp_path):
        queue = Queue(tmp_path / "queue.db", limits=QueueLimits(max_bytes=50_000, min_free_bytes=0))
        taken = queue.fill(os.urandom(500).hex())
        assert taken > 10
        assert queue.writer.sizes().bytes <= 50_000
        assert queue.writer.sizes().refused == {"full": 1}
        with pytest.raises(Unavailable, match="the queue is full"):
            queue.put(a_record(os.urandom(500).hex()))
        assert len(queue.waiting()) == taken
        lane, record = queue.lend()[2]
        queue.settle(lane, record.seq)
        queue.put(a_record(os.urandom(500).hex()))
        assert len(queue.drain()) == taken - 2
        queue.close()

    def test_a_request_is_taken_whole_or_not_at_all(self, tmp_path):
        queue = Queue(tmp_path / "queue.db", limits=QueueLimits(max_bytes=3000, min_free_bytes=0))
        with pytest.raises(Unavailable):
            queue.put(*(a_record(os.urandom(500).hex()) for _ in range(20)))
        assert queue.waiting() == []
        queue.put(a_record("small"))
        assert queue.drain() == ["small"]
        queue.close()

    def test_requests_beside_one_that_does_not_fit_are_kept(self, tmp_path):
        queue = Queue(tmp_path / "queue.db", limits=QueueLimits(max_bytes=3000, min_free_bytes=0))
        queue.writer.begin()
        queue.writer.put([a_record("a")])
        with pytest.raises(Unavailable):
            queue.writer.put([a_record(os.urandom(5000).hex())])
        queue.writer.put([a_record("b")])
        queue.writer.commit()
        assert queue.drain() == ["a", "b"]
        queue.close()

    def test_a_disk_with_too_little_room_is_refused_but_lets_records_go(self, tmp_path):
        queue = Queue(tmp_path / "queue.db")
        queue.put(a_record("a"))
        queue.reopen()
        queue.limits = QueueLimits(min_free_bytes=1 << 60)
        queue.reopen()
        with pytest.raises(Unavailable, match="MiB free"):
            queue.put(a_record("b"))
        assert queue.writer.sizes().refused == {"disk": 1}
        assert queue.drain() == ["a"]
        queue.close()

    def test_what_only_optional_destinations_wait_for_makes_room(self, tmp_path):
        destinations = (Destination(WEAVE), Destination("audit", required=False))
        queue = Queue(tmp_path / "queue.db", destinations, QueueLimits(max_bytes=50_000, min_free_bytes=0))
        texts = [f"{number:03}" + os.urandom(500).hex() for number in range(150)]
        for text in texts:
            queue.put(a_record(text))
            queue.drain(WEAVE)
        total = queue.total("audit")
        assert (total.put, total.lost, queue.total(WEAVE).delivered) == (150, 0, 150)
        assert total.dead + total.waiting == 150
        letters = queue.letters()
        assert [letter.payload.decode() for letter in letters] == texts[: total.dead]
        assert {letter.reason for letter in letters} == {"overflow"}
        assert queue.drain("audit") == texts[total.dead :]
        queue.close()

    def test_a_required_destination_that_waits_refuses_all_the_same(self, tmp_path):
        destinations = (Destination(WEAVE), Destination("audit", required=False))
        queue = Queue(tmp_path / "queue.db", destinations, QueueLimits(max_bytes=50_000, min_free_bytes=0))
        taken = queue.fill(os.urandom(500).hex())
        assert len(queue.waiting(WEAVE)) == len(queue.waiting("audit")) == taken
        queue.close()

    def test_space_is_given_back(self, tmp_path, monkeypatch):
        monkeypatch.setattr("otel_bridge.queue.sqlite.upkeep.SPARE_BYTES", 1 << 20)
        queue = Queue(tmp_path / "queue.db")
        for _ in range(40):
            queue.put(*(a_record(os.urandom(5000).hex()) for _ in range(50)))
        large = queue.path.stat().st_size + queue.path.with_name("queue.db-wal").stat().st_size
        assert large > 10_000_000
        queue.drain()
        queue.keep_up()
        queue.reopen()
        assert queue.path.stat().st_size < large / 5
        queue.close()

    def test_the_file_is_little_larger_than_what_is_counted(self, tmp_path):
        queue = Queue(tmp_path / "queue.db")
        for size in (50, 500, 1500, 3000, 5000, 20_000):
            queue.put(*(a_record(os.urandom(size).hex()) for _ in range(100)))
        counted = queue.writer.sizes().bytes
        queue.close()
        assert counted * 0.9 < queue.path.stat().st_size < counted * 1.25


class TestAge:
    @pytest.fixture
    def queue(self, tmp_path, wheel):
        opened = Queue(
            tmp_path / "queue.db", TWO, QueueLimits(max_age_seconds=7 * DAY, min_free_bytes=0), wheel=wheel
        )
        yield opened
        opened.close()

    def test_what_has_waited_too_long_becomes_a_dead_letter_for_whom_it_waited(self, queue, wheel):
        queue.put(*(a_record(f"old{number}", calls=2) for number in range(100)))
        queue.drain("audit")
        wheel.monotonic += 6 * DAY
        queue.put(a_record("young"))
        wheel.monotonic += 1 * DAY + 2
        queue.keep_up()
        assert queue.waiting() == ["young"]
        letters = queue.letters()
        assert [letter.payload.decode() for letter in letters] == [f"old{number}" for number in range(100)]
        assert {(letter.reason, letter.destination) for letter in letters} == {("too_old", WEAVE)}
        assert (queue.total().dead, queue.total().waiting) == (200, 1)

    def test_setting_the_system_clock_makes_nothing_old(self, queue, wheel):
        queue.put(a_record("a"))
        for wall in (0, 4_000_000_000, 1_800_000_000):
            wheel.wall = wall
            queue.keep_up()
            queue.reopen()
        queue.keep_up()
        assert queue.waiting() == ["a"]
        assert queue.writer.sizes().now <= 3 * 3600

    def test_the_clock_goes_on_after_a_restart(self, queue, wheel):
        queue.put(a_record("a"))
        wheel.monotonic += 6 * DAY
        queue.put(a_record("b"))
        queue.close()
        wheel.monotonic = 5.0
        queue.open()
        wheel.monotonic += 1 * DAY + 2
        queue.keep_up()
        assert queue.waiting() == ["b"]

    def test_the_age_of_the_oldest_is_told(self, queue, wheel):
        queue.put(a_record("a"), a_record("b"))
        wheel.monotonic += 50
        queue.put(a_record("c"))
        (lane,) = queue.writer.changed()
        now = queue.writer.sizes().now
        assert {now - cursor.oldest_at for cursor in lane.cursors} == {50}
        queue.settle(lane.id, 2)
        (lane,) = queue.writer.changed()
        assert [now - cursor.oldest_at for cursor in lane.cursors if cursor.destination == WEAVE] == [0]


class TestDamage:
    def spoil(self, queue, text: bytes, with_text: bytes) -> None:
        queue.close()
        content = queue.path.read_bytes()
        assert content.count(text) == 1
        queue.path.write_bytes(content.replace(text, with_text))
        queue.open()

    @pytest.fixture
    def noise(self):
        return [os.urandom(3000) for _ in range(5)]

    def put_noise(self, queue, noise) -> None:
        records = [a_record(calls=2) for _ in noise]
        queue.put(*(self.with_payload(record, text) for record, text in zip(records, noise, strict=True)))

    def with_payload(self, record, payload):
        return type(record)(
            **{name: getattr(record, name) for name in record.__struct_fields__} | {"payload": payload}
        )

    def test_a_damaged_record_is_put_aside_alone(self, queue, noise):
        self.put_noise(queue, noise)
        self.spoil(queue, noise[2][100:200], noise[2][100:199] + bytes([noise[2][199] ^ 1]))
        lent = queue.lend()
        assert [record.damage is None for _, record in lent] == [True, True, False, True, True]
        assert [record.payload for _, record in lent if record.damage is None] == noise[:2] + noise[3:]
        queue.settle(lent[0][0], lent[-1][1].seq, damaged=[lent[2][1].seq])
        total = queue.total()
        assert (total.delivered, total.lost, total.dead, total.waiting) == (8, 2, 0, 0)
        assert (queue.writer.sizes().damaged, queue.writer.sizes().bytes) == (1, 0)
        (letter,) = queue.letters()
        assert letter.reason == "corrupt"
        assert noise[2][300:] in letter.payload

    def test_a_column_that_changed_is_damage_too(self, queue):
        queue.put(a_record("a"), a_record("b"))
        connection = apsw.Connection(str(queue.path))
        connection.execute("UPDATE records SET received_ns = received_ns + 1 WHERE seq = 1")
        connection.close()
        assert [record.damage is None for _, record in queue.lend()] == [False, True]

    def test_a_damaged_page_takes_only_its_records_along(self, queue):
        texts = [f"{number:04}" + os.urandom(300).hex() for number in range(200)]
        queue.put(*(a_record(text) for text in texts))
        connection = apsw.Connection(str(queue.path))
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        rows = "SELECT pageno FROM dbstat WHERE name = 'records' AND pagetype = 'leaf' ORDER BY path"
        try:
            pages = [page for (page,) in connection.execute(rows)]
        except apsw.SQLError:
            pytest.skip("this SQLite cannot tell its pages (dbstat)")
        finally:
            connection.close()
        queue.close()
        with queue.path.open("r+b") as file:
            file.seek((pages[3] - 1) * 4096)
            file.write(b"\xff" * 64)
        queue.open()
        out = queue.drain()
        assert 150 < len([text for text in out if text]) < 200
        assert [text for text in out if text] == [text for text in texts if text in set(out)]
        total = queue.total()
        assert total.put == total.delivered + total.lost
        assert total.lost == queue.writer.sizes().damaged == 200 - len([text for text in out if text])
        queue.put(a_record("on it goes"))
        assert queue.drain() == ["on it goes"]


class TestDeadLetters:
    def test_the_oldest_go_when_there_are_too_many_and_are_counted_as_lost(self, tmp_path):
        queue = Queue(tmp_path / "queue.db", limits=QueueLimits(max_dead_bytes=20_000, min_free_bytes=0))
        for number in range(100):
            queue.put(a_record("a"))
            lane, record = queue.lend()[0]
            payload = f"{number:03}".encode() + os.urandom(500)
            queue.settle(lane, record.seq, dead=[a_dead_call(record.seq, payload=payload)])
        kept = [int(letter.payload[:3]) for letter in queue.letters()]
        assert kept == list(range(100 - len(kept), 100))
        assert queue.writer.sizes().dead_bytes <= 20_000
        assert (queue.total().dead, queue.total().lost) == (len(kept), 100 - len(kept))
        queue.close()


class TestFile:
    def test_a_database_of_another_program_is_left_alone(self, tmp_path):
        path = tmp_path / "queue.db"
        connection = apsw.Connection(str(path))
        connection.execute("CREATE TABLE theirs (x)")
        connection.close()
        with pytest.raises(StartError, match="another program"):
            Queue(path)

    def test_a_store_is_no_queue(self, tmp_path):
        SqliteWriter(tmp_path / "queue.db").close()
        with pytest.raises(StartError, match="another program"):
            Queue(tmp_path / "queue.db")

    def test_lanes_in_which_nothing_waits_are_forgotten_where_there_are_many(self, queue, monkeypatch):
        monkeypatch.setattr(book, "MAX_IDLE_LANES", 5)
        for number in range(20):
            queue.put(a_record("a", project=f"acme/{number}"))
        queue.drain()
        queue.put(a_record("b", project="acme/0"))
        queue.writer.changed()
        queue.keep_up()
        gone = [lane for lane in queue.writer.changed() if not lane.cursors]
        assert len(gone) >= 14
        assert queue.drain() == ["b"]
        queue.put(a_record("c", project="acme/3"))
        assert queue.drain() == ["c"]
        assert queue.total().put == 22

    def test_records_of_a_program_compress_the_better_the_more_came(self, queue):
        text = " ".join(f"word{number}" for number in range(200))
        for at in range(0, 1200, 100):
            queue.put(*(a_record(f"{number * 7919 % 1000} {text}") for number in range(at, at + 100)))
        queue.drain()
        for _ in range(2000):
            queue.writer.maintain()
            if queue.writer._upkeep._has_dictionary:
                break
            queue.writer._upkeep.close()
        assert queue.writer._upkeep._has_dictionary
        queue.put(a_record(f"5 {text}"))
        assert queue.writer.sizes().bytes < 300
        queue.reopen()
        assert queue.drain() == [f"5 {text}"]

    def test_the_defaults_are_one_gib_and_a_reserve_on_the_disk(self):
        limits = QueueLimits()
        assert (limits.max_bytes, limits.min_free_bytes, limits.max_age_seconds) == (1 << 30, 256 << 20, None)
        assert ANY_DISK.min_free_bytes == 0
