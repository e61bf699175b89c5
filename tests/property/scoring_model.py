"""Scoring tasks as a list of them would be, for the property test."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from otel_bridge.model import tasks as t
from otel_bridge.store.scoring.base import key_of
from tests.contract.store.records import call_id
from tests.contract.store.scoring_records import SECOND

LEASE = 10
OPEN = ("queued", "leased")


@dataclass
class Known:
    """A task as the list has it."""

    state: str
    due_at: int
    generation: int = 0
    attempt: int = 0
    lapsed: int = 0
    worker: str = ""


@dataclass
class Model:
    tasks: dict = field(default_factory=dict)
    jobs: defaultdict = field(default_factory=lambda: defaultdict(set))
    calls: set = field(default_factory=set)
    gone: set = field(default_factory=set)
    ended: dict = field(default_factory=dict)
    results: set = field(default_factory=set)
    runs: set = field(default_factory=set)

    def queue(self, tasks, again, now) -> int:
        queued = 0
        for key in {key_of(task): task for task in tasks}:
            known = self.tasks.get(key)
            if known is None:
                self.tasks[key] = Known("queued", now)
            elif known.state == "failed" or (again and known.state == "done"):
                self.tasks[key] = Known("queued", now, known.generation + 1)
            else:
                continue
            queued += 1
        return queued

    def due(self, now, ref):
        """The keys of a scorer's tasks that may be lent, the oldest first, of one time as they came."""
        found = [(one.due_at, key) for key, one in self.tasks.items() if key[2] == ref and one.state in OPEN]
        return [key for at, key in sorted(found, key=lambda one: one[0]) if at <= now]

    def lend(self, key, worker, now, *, lapses: bool) -> bool:
        """Lend a task; False when it has failed by that."""
        known = self.tasks[key]
        known.lapsed += lapses
        if known.lapsed >= t.MAX_ATTEMPTS:
            known.state = "failed"
            return False
        known.state, known.worker, known.due_at = "leased", worker, now + LEASE * SECOND
        known.attempt += 1
        return True

    def delete(self, number) -> None:
        name = call_id(number)
        if name in self.gone:
            return
        self.calls.discard(name)
        self.gone.add(name)
        self.ended.pop(name, None)
        self.results = {key for key in self.results if key[1] != name}
        for key in [key for key in self.tasks if key[1] == name]:
            if self.tasks[key].state in OPEN:
                self.tasks[key].state = "failed"
            else:
                del self.tasks[key]

    def settle(self, outcome, now) -> bool:
        key = key_of(outcome.task)
        known = self.tasks.get(key)
        if known is None or known.generation != outcome.task.generation or known.state not in OPEN:
            return False
        if outcome.state != "done" and (known.state, known.attempt) != ("leased", outcome.attempt):
            return False
        if key[1] not in self.calls:
            known.state = "failed"
            return True
        known.state = outcome.state
        if outcome.state == "queued":
            known.due_at = outcome.due_at
            known.attempt -= outcome.error is None
        elif outcome.run is not None:
            self.runs.add((*key, known.generation))
        if outcome.state == "done":
            self.results.add((*key, known.generation))
        return True
