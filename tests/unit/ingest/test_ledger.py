"""Store and queue as one: what is kept in which, and what a request hears when one of them cannot."""

from __future__ import annotations

import pytest

from otel_bridge.errors import InvalidRequest, Unavailable
from otel_bridge.ingest.ledger import Ledger
from otel_bridge.queue.base import NewRecord
from otel_bridge.store.base import Applied


class Kept:
    """Anything with transactions; `trouble` names what fails."""

    def __init__(self, log, name):
        self.log = log
        self.name = name
        self.trouble: set[str] = set()
        self.open: list = []
        self.kept: list = []

    def _do(self, what):
        if what in self.trouble:
            raise Unavailable(f"no {what}")
        self.log.append(f"{self.name} {what}")

    def prepare(self, what):
        self._do("prepare")

    def begin(self):
        self._do("begin")
        self.open = []

    def apply(self, changes, *, received_at):
        self._do("apply")
        self.open += changes
        return Applied(created=len(changes))

    def put(self, records):
        self._do("put")
        self.open += records

    def settle(self, destination, lane, through, *, dead=(), damaged=()):
        self._do("settle")
        self.open.append((destination, lane, through))

    def commit(self):
        self._do("commit")
        self.kept += self.open

    def rollback(self):
        self.open = []


@pytest.fixture
def log():
    return []


@pytest.fixture
def store(log):
    return Kept(log, "store")


@pytest.fixture
def queue(log):
    return Kept(log, "queue")


def a_record(calls=2):
    return NewRecord(project_id="a/b", shard=1, kind="calls", calls=calls, payload=b"x", received_ns=1)


def keep(ledger, *, changes=("change",), records=None):
    ledger.begin()
    applied = ledger.apply(changes, [a_record()] if records is None else records, received_at=1)
    ledger.commit()
    return applied


def test_both_keep_a_request_and_the_store_commits_first(store, queue, log):
    assert keep(Ledger(store, queue)).created == 1
    assert (len(store.kept), len(queue.kept)) == (1, 1)
    assert [entry for entry in log if "commit" in entry] == ["store commit", "queue commit"]


def test_a_sidecar_keeps_in_its_queue_alone(queue, log):
    assert keep(Ledger(None, queue), changes=()) == Applied()
    assert log == ["queue begin", "queue put", "queue commit"]


def test_what_is_not_for_the_queue_does_not_open_it(store, queue, log):
    keep(Ledger(store, queue), records=[])
    assert log == ["store begin", "store apply", "store commit"]


def test_a_request_that_the_queue_refuses_is_not_in_the_store_either(store, queue):
    queue.trouble = {"put"}
    ledger = Ledger(store, queue)
    ledger.begin()
    with pytest.raises(Unavailable, match="no put"):
        ledger.apply(["change"], [a_record()], received_at=1)
    ledger.commit()
    assert store.kept == []


def test_a_queue_that_cannot_commit_fails_the_group(store, queue):
    queue.trouble = {"commit"}
    with pytest.raises(Unavailable, match="no commit"):
        keep(Ledger(store, queue))


def test_a_store_that_cannot_commit_keeps_the_queue_from_it(store, queue):
    store.trouble = {"commit"}
    with pytest.raises(Unavailable, match="no commit"):
        keep(Ledger(store, queue))
    assert (queue.open, queue.kept) == ([], [])


@pytest.mark.parametrize("trouble", ["begin", "put", "commit"])
def test_a_queue_for_optional_destinations_never_fails_a_request(store, queue, trouble):
    missed = []
    queue.trouble = {trouble}
    keep(Ledger(store, queue, required=False, missed=missed.append))
    assert store.kept == ["change"]
    assert missed == [2]


def test_a_settled_cursor_that_was_not_kept_is_told_also_where_nobody_is_required(store, queue):
    queue.trouble = {"commit"}
    ledger = Ledger(store, queue, required=False)
    ledger.begin()
    ledger.settle("weave", 1, 2)
    with pytest.raises(Unavailable):
        ledger.commit()


def test_a_queue_without_a_store_must_keep_what_is_acknowledged(queue):
    queue.trouble = {"put"}
    with pytest.raises(Unavailable):
        keep(Ledger(None, queue, required=False), changes=())


def test_calls_that_are_not_kept_cannot_be_derived_again(queue):
    with pytest.raises(InvalidRequest, match="passes them on"):
        Ledger(None, queue).retranslate(None, None)


def test_what_can_be_done_ahead_is(store, queue, log):
    Ledger(store, queue).prepare(["change"], [a_record()])
    Ledger(store, queue).prepare([], [])
    assert log == ["store prepare", "queue prepare"]


def test_scoring_tasks_are_kept_in_the_store_beside_what_the_queue_keeps(log):
    store, queue = Kept(log, "store"), Kept(log, "queue")
    store.apply_scoring = lambda change, *, now: (change, now)
    ledger = Ledger(store, queue)
    ledger.begin()
    assert ledger.apply_scoring("a change", now=5) == ("a change", 5)
    ledger.commit()
    assert log == ["store begin", "store commit"]


def test_a_bridge_without_a_store_has_no_scoring_tasks(log):
    ledger = Ledger(None, Kept(log, "queue"))
    ledger.begin()
    with pytest.raises(InvalidRequest, match="keeps no calls"):
        ledger.apply_scoring("a change", now=5)
