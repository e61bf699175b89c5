"""Whatever is put, delivered, refused and restarted in whatever order: the queue is what a list would be."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from otel_bridge.errors import Unavailable
from otel_bridge.queue.base import QueueLimits
from otel_bridge.queue.sqlite.frames import RECORD_BYTES
from tests.contract.queue.records import MANY, TWO, Queue, a_dead_call, a_record
from tests.contract.store.crash_vfs import RecordingVFS, Tape
from tests.property.amounts import examples

NAMES = tuple(destination.name for destination in TWO)
MAX_BYTES = 4000
_VFS = (f"model{number}" for number in itertools.count())

RECORDS = st.lists(
    st.builds(
        a_record,
        st.text("abc", min_size=1, max_size=40),
        shard=st.integers(0, 2),
        calls=st.integers(1, 3),
        project=st.sampled_from(["acme/one", "acme/two"]),
        barrier=st.booleans(),
    ),
    max_size=6,
)


@dataclass
class Model:
    """Everything that was put, in order, and how far each destination is in each lane."""

    put: list = field(default_factory=list)
    done: dict = field(default_factory=lambda: {name: set() for name in NAMES})
    dead: dict = field(default_factory=lambda: {name: set() for name in NAMES})

    def waiting(self, name):
        return [(seq, record) for seq, record in enumerate(self.put, 1) if seq not in self.done[name]]

    def lent(self, name, project, shard, max_calls):
        """What a lane must lend: a barrier alone and when its time has come, else records up to the limit."""
        waiting = self.waiting(name)
        lane = [(seq, r) for seq, r in waiting if (r.project_id, r.shard) == (project, shard)]
        if not lane:
            return []
        first, record = lane[0]
        if record.barrier:
            before = [seq for seq, r in waiting if r.project_id == project and seq < first]
            return [] if before else lane[:1]
        taken, calls = [], 0
        for seq, record in lane:
            calls += record.calls
            if taken and (record.barrier or calls > max_calls):
                break
            taken.append((seq, record))
        return taken


class QueueAgainstAList(RuleBasedStateMachine):
    @initialize()
    def open(self):
        self.folder = Path(tempfile.mkdtemp())
        name = next(_VFS)
        self.vfs = RecordingVFS(name, Tape())
        limits = QueueLimits(max_bytes=MAX_BYTES, min_free_bytes=0)
        self.queue = Queue(self.folder / "queue.db", TWO, limits, vfs=name)
        self.model = Model()

    def teardown(self):
        if hasattr(self, "queue"):
            self.queue.close()
            self.vfs.unregister()
            shutil.rmtree(self.folder)

    @rule(records=RECORDS)
    def put(self, records):
        before = self.queue.writer.sizes().bytes
        try:
            self.queue.put(*records)
        except Unavailable:
            assert before + sum(len(r.payload) + RECORD_BYTES + 30 for r in records) > MAX_BYTES
            assert self.queue.writer.sizes().bytes == before
        else:
            self.model.put += records
            assert self.queue.writer.sizes().bytes <= MAX_BYTES

    @rule(records=RECORDS)
    def lose_what_is_not_committed(self, records):
        self.queue.writer.begin()
        with suppress(Unavailable):
            self.queue.writer.put(records)
        self.queue.writer.rollback()

    @rule(data=st.data(), name=st.sampled_from(NAMES), max_calls=st.integers(1, 6))
    def deliver(self, data, name, max_calls):
        lanes = self.queue.lanes(name)
        if not lanes:
            return
        lane, cursor = data.draw(st.sampled_from(lanes))
        lent = self.queue.reader.read(name, lane, cursor, max_calls=max_calls, max_bytes=MANY).records
        project, shard = self.lanes_seen()[lane]
        expected = self.model.lent(name, project, shard, max_calls)
        assert [(r.seq, r.payload, r.calls) for r in lent] == [(s, r.payload, r.calls) for s, r in expected]
        if lent:
            through = data.draw(st.integers(1, len(lent)))
            dead = [
                a_dead_call(r.seq, index)
                for r in lent[:through]
                for index in range(r.calls)
                if data.draw(st.integers(0, 4)) == 0
            ]
            self.queue.settle(lane, lent[through - 1].seq, name, dead=dead)
            self.model.done[name].update(r.seq for r in lent[:through])
            self.model.dead[name].update((call.seq, call.index) for call in dead)

    @rule()
    def restart(self):
        self.queue.reopen()

    @rule()
    def keep_up(self):
        self.queue.keep_up()

    def lanes_seen(self):
        rows = self.queue.reader.ask("load_lanes")
        return {number: (project, shard) for number, project, shard, _ in rows}

    @invariant()
    def what_waits_is_what_a_list_would_hold(self):
        if not hasattr(self, "queue"):
            return
        for name in NAMES:
            expected = [record.payload.decode() for _, record in self.model.waiting(name)]
            assert self.queue.waiting(name) == expected

    @invariant()
    def every_call_is_somewhere_and_counted_once(self):
        if not hasattr(self, "queue"):
            return
        sizes = self.queue.writer.sizes()
        letters = self.queue.letters()
        for total in sizes.totals:
            name = total.destination
            waiting = sum(record.calls for _, record in self.model.waiting(name))
            lanes = self.queue.reader.ask("load_cursors")
            assert total.put == sum(record.calls for record in self.model.put)
            assert total.waiting == waiting == sum(row[4] for row in lanes if row[1] == name)
            assert total.dead == len(self.model.dead[name])
            assert total.dead == sum(letter.destination == name for letter in letters)
            assert total.put == total.delivered + total.dead + total.lost + total.waiting
        held = {seq for name in NAMES for seq, _ in self.model.waiting(name)}
        assert sizes.records == len(held)


TestQueueAgainstAList = QueueAgainstAList.TestCase
TestQueueAgainstAList.settings = settings(max_examples=examples(40), stateful_step_count=25, deadline=None)
