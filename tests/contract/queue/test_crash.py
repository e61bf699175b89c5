"""Power cuts, failing, full and read-only disks: what was acknowledged is there, and the queue goes on."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress

import apsw
import pytest

from otel_bridge.errors import Unavailable
from otel_bridge.queue.base import QueueLimits
from tests.contract.queue.records import MANY, TWO, WEAVE, Queue, a_dead_call, a_record
from tests.contract.store.crash_vfs import cuts, laid, states, unsynced_at_marks


def steps():
    """What happens to a queue, step by step: each is one transaction."""

    def put(*texts, shard=1, **options):
        return lambda queue: queue.put(*(a_record(text, shard=shard, **options) for text in texts))

    def settle(destination, count, **options):
        def step(queue):
            lane, cursor = queue.lanes(destination)[0]
            lent = queue.reader.read(destination, lane, cursor, max_calls=count, max_bytes=MANY).records
            dead = [a_dead_call(lent[0].seq)] if options else []
            queue.settle(lane, lent[-1].seq, destination, dead=dead)

        return step

    large = os.urandom(9000).hex()
    return [
        put("a", "b", "c"),
        put("d", large, shard=2),
        settle(WEAVE, 2),
        put("e", barrier=True, shard=0),
        settle("audit", 2),
        settle("audit", 9, dead=True),
        put("f", "g", large),
        settle(WEAVE, 9),
        put("h", project="acme/test"),
        settle("audit", 9),
        settle(WEAVE, 9, dead=True),
        put("i", large, "j"),
        settle("audit", 9),
        put("k"),
    ]


def look(queue) -> tuple:
    """Everything a user could see of a queue."""
    return (
        *(tuple(queue.waiting(destination.name)) for destination in TWO),
        tuple((t.put, t.delivered, t.dead, t.lost) for t in queue.writer.sizes().totals),
        queue.writer.sizes().bytes,
    )


class TestPowerCut:
    @pytest.fixture
    def recorded(self, tmp_path, tape, vfs):
        """Do all steps, with checkpoints between them; say what was seen after each."""
        queue = Queue(tmp_path / "queue.db", TWO, vfs=vfs)
        tape.mark("0")
        seen = [look(queue)]
        for number, step in enumerate(steps(), 1):
            step(queue)
            tape.mark(str(number))
            seen.append(look(queue))
            if number % 4 == 0:
                queue.writer._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        queue.close()
        return tape, seen

    def test_every_state_of_the_disk_holds_all_that_was_acknowledged(self, recorded, tmp_path, quick):
        tape, seen = recorded
        tried = 0
        for acknowledged, folder in cuts(tape, tmp_path):
            tried += 1
            queue = Queue(folder / "queue.db", TWO, vfs=quick)
            assert look(queue) in seen[acknowledged : acknowledged + 2]
            assert queue.writer._connection.execute("PRAGMA integrity_check").get == "ok"
            dead = sum(total.dead for total in queue.writer.sizes().totals)
            assert sum(letter.calls for letter in queue.letters()) >= dead
            queue.close()
            shutil.rmtree(folder)
        assert tried >= 100

    def test_a_commit_returns_only_after_its_sync_returned(self, recorded):
        tape, _ = recorded
        assert unsynced_at_marks(tape) == set()

    def test_a_queue_whose_first_start_was_cut_short_opens(self, recorded, tmp_path, quick):
        tape, _ = recorded
        for number, (marks, files) in enumerate(states(tape)):
            if marks:
                return
            folder = laid(files, tmp_path / f"start{number}")
            queue = Queue(folder / "queue.db", vfs=quick)
            queue.put(a_record("a"))
            assert queue.drain() == ["a"]
            queue.close()


class TestFailingDisk:
    def run(self, path, tape, vfs, error, fail_at, length):
        """Put and settle while one operation or some fail; say what was put, what settled, and if it met."""
        queue = Queue(path, vfs=vfs)
        tape.fail_at, tape.fail_until = tape.operations + fail_at, tape.operations + fail_at + length
        tape.error = error
        first = tape.fail_at
        put, settled = [], []
        for number in range(6):
            text = f"{number}" + "y" * 3000
            with suppress(Unavailable):
                queue.put(a_record(text))
                put.append(text)
            if number in {2, 4} and put:
                settled += self.settle_one(queue)
            if number == 3:
                queue.writer.maintain()
                with suppress(apsw.Error):
                    queue.writer._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        met = tape.operations > first
        tape.fail_at = None
        return queue, put, settled, met

    def settle_one(self, queue) -> list[str]:
        lane, record = queue.lend()[0]
        try:
            queue.settle(lane, record.seq, dead=[a_dead_call(record.seq)])
        except Unavailable:
            queue.writer.rollback()
            return []
        return [record.payload.decode()]

    @pytest.mark.parametrize(("error", "length"), [(apsw.IOError, 1), (apsw.FullError, 1), (apsw.IOError, 9)])
    def test_whatever_operation_fails_no_answer_lies_and_the_queue_goes_on(
        self, tmp_path, tape, vfs, error, length
    ):
        for fail_at in range(200):
            path = tmp_path / f"{fail_at}.db"
            path.with_name("dead_letters.db").unlink(missing_ok=True)
            queue, put, settled, met = self.run(path, tape, vfs, error, fail_at, length)
            queue.put(a_record("after"))
            waiting = [text for text in put if text not in settled]
            assert queue.waiting() == [*waiting, "after"]
            total = queue.total()
            assert (total.put, total.dead, total.waiting) == (len(put) + 1, len(settled), len(waiting) + 1)
            queue.reopen()
            assert queue.drain() == [*waiting, "after"]
            queue.close()
            if not met:
                assert (len(put), len(settled)) == (6, 2)
                return
        pytest.fail("the run never got past its failures")

    def test_a_full_disk_refuses_and_the_queue_recovers_by_itself(self, tmp_path, tape, vfs):
        queue = Queue(tmp_path / "queue.db", vfs=vfs)
        queue.put(a_record("before"))
        tape.room = 200_000
        taken = queue.fill(os.urandom(5000).hex())
        assert taken > 3
        assert queue.writer.sizes().refused == {"disk": 1}
        assert len(queue.waiting()) == taken + 1
        tape.room = None
        queue.put(a_record("after"))
        assert queue.drain()[-1] == "after"
        queue.close()

    def test_a_disk_that_cannot_be_written_refuses_and_the_queue_recovers_by_itself(
        self, tmp_path, tape, vfs
    ):
        queue = Queue(tmp_path / "queue.db", vfs=vfs)
        queue.put(a_record("before"))
        tape.error, tape.fail_at, tape.fail_until = apsw.ReadOnlyError, tape.operations, MANY
        for _ in range(3):
            with pytest.raises(Unavailable):
                queue.put(a_record("lost?"))
        assert queue.lend()[0][1].payload == b"before"
        assert not queue.writer.maintain()
        tape.fail_at = tape.fail_until = None
        queue.put(a_record("after"))
        assert queue.drain() == ["before", "after"]
        queue.close()

    def test_dead_letters_that_cannot_be_kept_keep_their_record_in_the_queue(self, tmp_path):
        queue = Queue(tmp_path / "queue.db", limits=QueueLimits(max_age_seconds=0, min_free_bytes=0))
        queue.put(a_record("abc", calls=2))
        lane, record = queue.lend()[0]
        queue.writer._dead._connection.execute("PRAGMA query_only = ON")
        with pytest.raises(Unavailable):
            queue.settle(lane, record.seq, dead=[a_dead_call(record.seq)])
        queue.writer.rollback()
        assert queue.waiting() == ["abc"]
        queue.writer._dead._connection.execute("PRAGMA query_only = OFF")
        queue.settle(lane, record.seq, dead=[a_dead_call(record.seq)])
        assert (queue.total().delivered, queue.total().dead) == (1, 1)
        queue.close()


class TestLog:
    def test_a_reader_that_never_ends_bounds_the_log_by_refusing_writes(self, tmp_path, monkeypatch):
        monkeypatch.setattr("otel_bridge.store.sqlite.checkpoint._WAIT_MILLISECONDS", 1)
        queue = Queue(tmp_path / "queue.db", limits=QueueLimits(max_bytes=16 << 20, min_free_bytes=0))
        queue.put(a_record("a"))
        stuck = apsw.Connection(str(queue.path))
        stuck.execute("BEGIN")
        stuck.execute("SELECT count(*) FROM records").fetchall()
        assert queue.fill(os.urandom(5000).hex()) > 10
        with pytest.raises(Unavailable, match="readers hold"):
            queue.put(a_record("b"))
        assert queue.path.with_name("queue.db-wal").stat().st_size < 8 << 20
        stuck.close()
        queue.put(a_record("b"))
        assert queue.waiting()[-1] == "b"
        queue.close()

    def test_the_log_starts_over_while_records_come_and_go(self, tmp_path):
        queue = Queue(tmp_path / "queue.db", limits=QueueLimits(max_bytes=16 << 20, min_free_bytes=0))
        for _ in range(30):
            queue.put(*(a_record(os.urandom(5000).hex()) for _ in range(40)))
            for lane, cursor in queue.lanes():
                queue.settle(lane, cursor + 40)
            queue.writer.maintain()
        assert queue.path.with_name("queue.db-wal").stat().st_size < 6 << 20
        queue.close()
