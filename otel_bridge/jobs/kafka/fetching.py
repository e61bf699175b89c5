"""The thread that is a member of the consumer group: fetches, commits, and answers for its partitions.

It polls all the time, also when nothing may be fetched (then its partitions are paused), so slow scorers
never make the group believe that this worker is dead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, cast

from otel_bridge.errors import StartError
from otel_bridge.jobs import base
from otel_bridge.jobs.base import Receipt
from otel_bridge.jobs.kafka.driver import Troubles, described, load_driver, new_consumer
from otel_bridge.jobs.kafka.window import Fetched
from otel_bridge.jobs.message import Unreadable
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

    from otel_bridge.jobs.kafka.options import Options
    from otel_bridge.jobs.kafka.window import Partition, Window

POLL_SECONDS: Final = 0.2
"""How late a commit or the end may be."""
COMMIT_SECONDS: Final = 0.25
"""Between two commits."""
MAX_FETCH: Final = 100
"""Messages that are taken at a time."""
RENEW_SECONDS: Final = 5.0
"""Before a member that failed for good is replaced."""


Read = Callable[[bytes | None, Mapping[str, bytes | None]], base.Message]
"""From value and headers to what a message says; raises Unreadable."""


class Fetcher:
    """Fills a window from one topic; the thread calls `awake` when something is in it or was lost."""

    def __init__(
        self, options: Options, topic: str, read: Read, window: Window, awake: Callable[[], None]
    ) -> None:
        self._options = options | {"on_commit": self._committed}
        self._topic = topic
        self._understood = read
        self._window = window
        self._awake = awake
        self._told = Troubles("consumer")
        self._stopping = threading.Event()
        self._paused = False
        self._broken = False
        self._commit_at = 0.0
        self._consumer: Consumer | None = None
        self._thread = threading.Thread(target=self._run, name=f"kafka-{topic}", daemon=True)

    def start(self) -> None:
        """Join the group. Blocks; raise StartError for settings that make no sense."""
        self._join()
        self._thread.start()

    def stop(self) -> None:
        """Commit what is finished and leave the group. Blocks."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._consumer is None:
                    self._join()
                self._serve()
            except (load_driver().KafkaException, StartError, RuntimeError) as error:
                log().warning("kafka_consumer_renewed", reason=str(error))
                self._stopping.wait(RENEW_SECONDS)
            finally:
                self._leave()

    def _join(self) -> None:
        self._broken = False
        self._consumer = new_consumer(self._options, self._failed)
        self._consumer.subscribe(
            [self._topic],
            on_assign=self._assigned,
            on_revoke=self._revoked,
            on_lost=self._lost,
        )

    def _leave(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()

    def _serve(self) -> None:
        consumer = self._consumer
        assert consumer is not None
        while not (self._stopping.is_set() or self._broken):
            first = consumer.poll(POLL_SECONDS)
            if first is not None:
                rest = consumer.consume(MAX_FETCH - 1, timeout=0) if first.error() is None else ()
                self._fetched(chain((first,), rest))
            self._balance(consumer)
            if time.monotonic() >= self._commit_at:
                self._commit(consumer)

    def _fetched(self, messages: Iterable[Message]) -> None:
        some = False
        for message in messages:
            error = message.error()
            if error is not None:
                self._told(error)
            elif (one := self._read(message)) is not None:
                some |= self._window.fetched(one)
        if some:
            self._awake()

    def _read(self, message: Message) -> Fetched | None:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert partition is not None
        assert offset is not None
        epoch = self._window.epoch((topic, partition))
        if epoch is None:
            return None
        receipt = Receipt(topic, partition, offset, epoch)
        headers = _headers(message)
        key, value = _octets(message.key()), _octets(message.value())
        try:
            understood = self._understood(value, dict(headers))
        except Unreadable as error:
            return Fetched(receipt, key, value, headers, unreadable=str(error))
        return Fetched(receipt, key, value, headers, message=understood)

    def _balance(self, consumer: Consumer) -> None:
        """Fetch nothing more while the window is full; partitions that came meanwhile are paused, too."""
        if self._window.full:
            consumer.pause(consumer.assignment())
            self._paused = True
        elif self._paused and self._window.roomy:
            consumer.resume(consumer.assignment())
            self._paused = False

    def _commit(self, consumer: Consumer, partitions: Iterable[Partition] | None = None) -> None:
        """Commit what is finished. The client waits for the answer before it gives partitions away."""
        self._commit_at = time.monotonic() + COMMIT_SECONDS
        moved = self._window.to_commit(partitions)
        if moved:
            kafka = load_driver()
            offsets = [kafka.TopicPartition(*partition, offset) for partition, offset in moved]
            consumer.commit(offsets=offsets, asynchronous=True)

    def _committed(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        failed = [one for one in partitions if error is not None or one.error is not None]
        if failed:
            log().debug("kafka_not_committed", reason=str(error or failed[0].error))
            self._window.not_committed(_names(failed))

    def _assigned(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        log().info("kafka_partitions_assigned", partitions=_told(partitions))
        self._window.assigned(_names(partitions))

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        log().info("kafka_partitions_revoked", partitions=_told(partitions))
        try:
            self._commit(consumer, list(_names(partitions)))
        except load_driver().KafkaException as error:  # whoever gets them does the rest again
            log().debug("kafka_not_committed", reason=described(error.args[0]))
        self._gone(partitions)

    def _lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        log().warning("kafka_partitions_lost", partitions=_told(partitions))
        self._gone(partitions)

    def _gone(self, partitions: list[TopicPartition]) -> None:
        self._window.revoked(_names(partitions))
        self._awake()

    def _failed(self, error: KafkaError) -> None:
        self._broken = self._broken or error.fatal()
        self._told(error)


def _names(partitions: Iterable[TopicPartition]) -> Iterable[Partition]:
    return [(one.topic, one.partition) for one in partitions]


def _told(partitions: Iterable[TopicPartition]) -> list[str]:
    return sorted(f"{one.topic}/{one.partition}" for one in partitions)


def _octets(value: Any) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def _headers(message: Message) -> list[tuple[str, bytes | None]]:
    """Return a message's headers; the library gives a list of pairs, or nothing."""
    found = cast("list[tuple[str, str | bytes | None]] | None", message.headers())
    return [(name, _octets(value)) for name, value in found or ()]
