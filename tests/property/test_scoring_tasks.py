"""Whatever is queued, lent, settled and deleted in whatever order: tasks are what a list of them would be."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from otel_bridge.model import tasks as t
from otel_bridge.model.scoring import Leased, Task
from otel_bridge.store.scoring.base import key_of
from otel_bridge.store.scoring.watching import Watched
from tests.contract.store.records import PROJECT, T0, Store, a_call, a_deletion, call_id
from tests.contract.store.scoring_records import (
    SECOND,
    A,
    B,
    C,
    a_task,
    an_ended,
    counts,
    done,
    failed,
    feedback,
    given_back,
    put_off,
    settle,
    status,
)
from tests.property.amounts import examples
from tests.property.scoring_model import LEASE, OPEN, Known, Model

NUMBERS = st.integers(1, 4)
REFS = st.sampled_from([A, B, C])
KEYS = st.builds(a_task, NUMBERS, REFS)
WORKERS = st.sampled_from(["one", "two"])


class TasksAgainstAList(RuleBasedStateMachine):
    @initialize()
    def open(self):
        self.folder = Path(tempfile.mkdtemp())
        kinds = ("sqlite", "memory")
        self.stores = [
            Store(kind, self.folder / "calls.db", watched=Watched(everywhere=True)) for kind in kinds
        ]
        self.model = Model()
        self.leases: list[Leased] = []
        self.now = T0

    def teardown(self):
        if hasattr(self, "stores"):
            for store in self.stores:
                store.close()
            shutil.rmtree(self.folder)

    def both(self, change):
        """Do a change in both stores; they must answer alike."""
        first, second = (store.score(change, now=self.now) for store in self.stores)
        assert first == second
        return first

    @rule(seconds=st.integers(1, 2 * LEASE))
    def wait(self, seconds):
        self.now += seconds * SECOND

    @rule(numbers=st.lists(NUMBERS, min_size=1, max_size=4))
    def write(self, numbers):
        for store in self.stores:
            store.write(*map(a_call, numbers), received_at=self.now)
        for name in {call_id(number) for number in numbers} - self.model.gone - self.model.calls:
            self.model.calls.add(name)
            self.model.ended[name] = self.now

    @rule(number=NUMBERS)
    def delete(self, number):
        for store in self.stores:
            store.write(a_deletion(number), received_at=self.now)
        self.model.delete(number)

    @rule(
        tasks=st.lists(KEYS, max_size=8),
        again=st.booleans(),
        job=st.sampled_from(["", "j", "k"]),
        data=st.data(),
    )
    def enqueue(self, tasks, again, job, data):
        tasks = tuple(a_task(int(one.call_id, 16), one.scorer_ref, job_id=job) for one in tasks)
        looked_at = data.draw(st.lists(NUMBERS, max_size=2))
        ended = tuple(map(an_ended, looked_at))
        answer = self.both(t.EnqueueTasks(tasks=tasks, again=again, ended=ended, tell=True))
        assert answer.queued == self.model.queue(tasks, again, self.now)
        if job:
            self.model.jobs[job] |= {key_of(task) for task in tasks}
        waiting = {key: self.model.tasks[key] for key in map(key_of, tasks)}
        expected = {(key, one.generation) for key, one in waiting.items() if one.state == "queued"}
        assert {(key_of(task), task.generation) for task in answer.tasks} == expected
        for number in looked_at:
            self.model.ended.pop(call_id(number), None)

    @rule(
        worker=WORKERS,
        limit=st.integers(0, 9),
        rooms=st.dictionaries(REFS, st.integers(0, 3)),
        each=st.none() | st.integers(0, 4),
        ended=st.integers(0, 3),
    )
    def claim(self, worker, limit, rooms, each, ended):
        asked = t.ClaimTasks(
            worker=worker, limit=limit, lease_seconds=LEASE, rooms=rooms, each=each, ended=ended
        )
        due = {ref: self.model.due(self.now, ref) for ref in (A, B, C)}
        claimed = self.both(asked)
        self.leases += claimed.leased
        lent: dict = {ref: [] for ref in due}
        for lease in claimed.leased:
            lent[lease.task.scorer_ref].append(key_of(lease.task))
        died = sum(self.claimed_of(found, lent[ref], worker) for ref, found in due.items())
        room = {ref: min(limit, rooms.get(ref, limit if each is None else each)) for ref in due}
        left = [ref for ref in due if len(lent[ref]) < room[ref] and self.model.due(self.now, ref)]
        assert len(claimed.leased) == limit or not left
        shares = [len(lent[ref]) for ref in left]
        assert died or not shares or max(shares) - min(shares) <= 1
        for lease in claimed.leased:
            known = self.model.tasks[key_of(lease.task)]
            assert (lease.attempt, lease.until) == (known.attempt, self.now + LEASE * SECOND)
        self.ended_claimed(claimed.ended, ended)

    def claimed_of(self, due, lent, worker) -> int:
        """The oldest are taken, but for those that have failed by it; return how many have."""
        died, taken = 0, set(lent)
        for key in due:
            known = self.model.tasks[key]
            lapses = known.state == "leased"
            last = lapses and known.lapsed + 1 >= t.MAX_ATTEMPTS
            if key not in taken and not (last and self.failed_now(key)):
                break
            assert self.model.lend(key, worker, self.now, lapses=lapses) == (key in taken)
            died += key not in taken
            taken.discard(key)
        assert taken == set()
        return died

    def failed_now(self, key) -> bool:
        """Whether a task that was lent has failed since; both stores say so."""
        told = status(self.stores[0], scorer_ref=key[2], state="failed", limit=100)["errors"]
        return key[1] in {one["call_id"] for one in told}

    def ended_claimed(self, calls, limit):
        due = sorted((at, name) for name, at in self.model.ended.items() if at <= self.now)
        assert [one.call_id for one in calls] == [name for _, name in due[:limit]]
        for one in calls:
            self.model.ended[one.call_id] = self.now + LEASE * SECOND

    @rule(
        worker=WORKERS,
        keys=st.lists(st.builds(a_task, NUMBERS, REFS, generation=st.integers(0, 2)), max_size=5),
    )
    def claim_keys(self, worker, keys):
        wanted: dict = {}
        for task in keys:
            wanted[key_of(task)] = max(task.generation, wanted.get(key_of(task), 0))
        expected, worn = [], []
        for key, generation in wanted.items():
            known = self.model.tasks.get(key)
            if known is None or known.generation < generation:
                self.model.tasks[key] = known = Known("queued", self.now, generation)
            if known.generation > generation or known.state not in OPEN:
                continue
            if known.state == "queued" and known.due_at > self.now:
                continue
            lapses = known.state == "leased" and (known.due_at <= self.now or known.worker != worker)
            is_lent = self.model.lend(key, worker, self.now, lapses=lapses)
            (expected if is_lent else worn).append(key)
        claimed = self.both(t.ClaimTasks(worker=worker, lease_seconds=LEASE, keys=tuple(keys)))
        assert [key_of(lease.task) for lease in claimed.leased] == expected
        assert list(map(key_of, claimed.worn)) == worn
        self.leases += claimed.leased

    @rule(worker=WORKERS, data=st.data())
    def renew(self, worker, data):
        tasks = tuple(lease.task for lease in self.drawn(data))
        renewed = self.both(t.RenewTasks(worker=worker, tasks=tasks, lease_seconds=LEASE))
        lost = []
        for task in tasks:
            known = self.model.tasks.get(key_of(task))
            held = known is not None and (known.state, known.worker) == ("leased", worker)
            if held and known.generation == task.generation:
                known.due_at = self.now + LEASE * SECOND
            else:
                lost.append(task)
        assert list(renewed.lost) == lost

    @rule(data=st.data())
    def settle(self, data):
        makers = st.sampled_from([
            done, done, failed, lambda one: failed(one, with_run=False),
            lambda one: put_off(one, self.now + 5 * SECOND), lambda one: given_back(one, self.now),
        ])  # fmt: skip
        outcomes = [data.draw(makers)(lease) for lease in self.drawn(data)]
        settled = self.both(settle(*outcomes))
        kept = [self.model.settle(outcome, self.now) for outcome in outcomes]
        assert (settled.kept, settled.ignored) == (sum(kept), len(kept) - sum(kept))

    def drawn(self, data):
        """Some of all leases there ever were, each task once."""
        if not self.leases:
            return []
        chosen = data.draw(st.lists(st.sampled_from(self.leases), max_size=5))
        return list({key_of(one.task): one for one in chosen}.values())

    @rule(task=KEYS)
    def roll_back(self, task: Task):
        for store in self.stores:
            store.writer.begin()
            store.writer.apply_scoring(t.EnqueueTasks(tasks=(task,), again=True), now=self.now)
            store.writer.apply_scoring(t.ClaimTasks(worker="nobody", ended=9), now=self.now)
            store.writer.rollback()

    @rule()
    def open_again(self):
        self.stores[0].close()
        self.stores[0].open()

    @invariant()
    def tasks_are_those_of_the_list(self):
        if not hasattr(self, "stores"):
            return
        states = Counter(known.state for known in self.model.tasks.values())
        moments = [known.due_at for known in self.model.tasks.values() if known.state in OPEN]
        backlog = t.Backlog(
            queued=states["queued"],
            leased=states["leased"],
            ended=len(self.model.ended),
            due_at=min([*moments, *self.model.ended.values()], default=None),
        )
        for store in self.stores:
            assert counts(store) == states
            assert store.writer.backlog() == backlog
            for job, keys in self.model.jobs.items():
                of_job = Counter(self.model.tasks[key].state for key in keys if key in self.model.tasks)
                assert counts(store, job_id=job) == of_job if keys else True

    @invariant()
    def every_result_is_there_once(self):
        if not hasattr(self, "stores"):
            return
        expected = {
            Task(project_id=PROJECT, call_id=name, scorer_ref=ref, generation=generation)
            for _, name, ref, generation in self.model.results
        }
        for store in self.stores:
            assert sorted(row["id"] for row in feedback(store)) == sorted(one.feedback_id for one in expected)
            runs = {
                Task(project_id=PROJECT, call_id=name, scorer_ref=ref, generation=generation).run_id
                for _, name, ref, generation in self.model.runs
            }
            assert set(store.ids()) == runs | self.model.calls


TestTasksAgainstAList = TasksAgainstAList.TestCase
TestTasksAgainstAList.settings = settings(
    settings.get_profile("same"), max_examples=examples(25), stateful_step_count=30
)
