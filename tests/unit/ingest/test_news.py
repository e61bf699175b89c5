"""The writer tells what has changed, once."""

from __future__ import annotations

from otel_bridge.ingest import frames
from otel_bridge.ingest.news import News
from otel_bridge.ingest.scoring_frames import BacklogChanged
from otel_bridge.model.tasks import Backlog
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.memory import MemoryStore
from tests.contract.store.records import T0, a_call
from tests.contract.store.scoring_records import a_task, queue


class Service:
    """Hears what is told."""

    def __init__(self) -> None:
        self.heard: list = []
        self._cutter = frames.Cutter()

    def __call__(self, data: bytes) -> None:
        self.heard += [frames.decode_message(head) for head, _ in self._cutter.feed(data)]


def committed(store, change) -> None:
    store.begin()
    store.apply_scoring(change, now=T0)
    store.commit()


def test_the_backlog_is_told_at_the_start_and_whenever_it_changes():
    store, service = MemoryStore(), Service()
    news = News(store, None, service)
    news.tell(whole=True)
    news.tell()
    committed(store, queue(a_task(1), a_task(2)))
    news.tell()
    committed(store, queue(a_task(1)))
    news.tell()
    assert service.heard == [BacklogChanged(Backlog()), BacklogChanged(Backlog(queued=2, due_at=T0))]


def test_calls_that_expired_are_counted_once():
    store, service = MemoryStore(StoreLimits(retention_seconds=1, max_bytes=None)), Service()
    news = News(store, None, service)
    store.begin()
    store.apply([a_call(1), a_call(2)], received_at=T0)
    store.commit()
    store.maintain(now=T0 + 2_000_000)
    for _ in range(2):
        news.tell_expired()
    assert service.heard == [frames.Noted({"expired_calls": 2})]


def test_without_a_store_and_a_queue_there_is_nothing_to_tell():
    service = Service()
    News(None, None, service).tell(whole=True)
    assert service.heard == []
