"""How much a queue holds and for how long, and what its files are like."""

from __future__ import annotations

import os

import apsw
import pytest

from otel_bridge.errors import StartError, Unavailable
from otel_bridge.queue.base import Destination, QueueLimits
from otel_bridge.queue.sqlite import book
from otel_bridge.store.sqlite import codec
from otel_bridge.store.sqlite.writer import SqliteWriter
from tests.contract.queue.records import (
    ANY_DISK,
    TWO,
    WEAVE,
    Queue,
    a_dead_call,
    a_record,
)

DAY = 86_400


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

    def test_the_clock_goes_on_also_when_nothing_came_for_days(self, queue, wheel):
        queue.put(a_record("a"))
        wheel.monotonic += 6 * DAY
        queue.keep_up()
        queue.close()
        wheel.monotonic = 5.0
        queue.open()
        queue.keep_up()
        assert queue.waiting() == ["a"]
        wheel.monotonic += 1 * DAY + 2
        queue.keep_up()
        assert queue.waiting() == []

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
            if queue.writer._upkeep.has_dictionary:
                break
            queue.writer._upkeep.close()
        assert queue.writer._upkeep.has_dictionary
        queue.put(a_record(f"5 {text}"))
        assert queue.writer.sizes().bytes < 300
        queue.reopen()
        assert queue.drain() == [f"5 {text}"]

    def test_no_record_is_packed_with_a_dictionary_that_could_not_be_kept(self, queue):
        text = " ".join(f"word{number}" for number in range(200))
        queue.put(*(a_record(f"{number} {text}") for number in range(codec.SAMPLE_SPANS)))
        queue.drain()
        queue.writer.maintain()
        queue.writer._upkeep.close()
        queue.writer._connection.execute("PRAGMA query_only = ON")
        queue.writer.maintain()
        queue.writer._connection.execute("PRAGMA query_only = OFF")
        queue.put(a_record(f"5 {text}"))
        queue.reopen()
        assert queue.drain() == [f"5 {text}"]

    def test_the_defaults_are_one_gib_and_a_reserve_on_the_disk(self):
        limits = QueueLimits()
        assert (limits.max_bytes, limits.min_free_bytes, limits.max_age_seconds) == (1 << 30, 256 << 20, None)
        assert ANY_DISK.min_free_bytes == 0
