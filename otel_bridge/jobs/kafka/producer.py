"""Puts messages and waits until the brokers have kept them.

`produce` only copies into librdkafka's buffer, so it runs on the event loop; deliveries are told by a thread
of our own. The library's asyncio producer cannot send headers and batches by itself, so it is not used.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from otel_bridge.errors import Unavailable
from otel_bridge.jobs.kafka.driver import Troubles, described, load_driver, new_producer
from otel_bridge.jobs.kafka.options import producer_options
from otel_bridge.jobs.message import ended_value, key_of, score_headers, score_value
from otel_bridge.jobs.names import Names
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from confluent_kafka import KafkaError, Message

    from otel_bridge.jobs.base import ScoreCalls
    from otel_bridge.jobs.kafka.options import Options
    from otel_bridge.jobs.kafka.settings import KafkaSettings
    from otel_bridge.model.scoring import EndedCall

Headers = Sequence[tuple[str, bytes | None]]

UNKNOWN_TOPIC: Final = frozenset({"_UNKNOWN_TOPIC", "UNKNOWN_TOPIC_OR_PART"})
POLL_SECONDS: Final = 0.5
"""How long the thread sleeps at most: a delivery wakes it at once."""
GRACE_SECONDS: Final = 5.0
"""How much later than its time the client may say that a message was not kept in time."""
CLOSE_SECONDS: Final = 2.0
"""How long messages that nobody waits for any more may take to leave when we stop."""


class Record(NamedTuple):
    """One message, as it goes to a topic."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


class _Batch:
    """Messages of one `send`; `future` hears when the last of them is told of."""

    def __init__(self, size: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._left = size
        self._error: KafkaError | None = None
        self.topic = ""
        self.future: Final[asyncio.Future[KafkaError | None]] = self._loop.create_future()

    def delivered(self, error: KafkaError | None, message: Message) -> None:
        """Count a message; called by the thread, one at a time."""
        self._left -= 1
        if error is not None and self._error is None:
            self._error, self.topic = error, message.topic() or ""
        if self._left == 0 and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._done)

    def _done(self) -> None:
        if not self.future.done():
            self.future.set_result(self._error)


class _Client:
    """A librdkafka producer and the thread that serves it; `broken` for good after a fatal error."""

    def __init__(self, options: Options) -> None:
        self.broken = False
        self._told = Troubles("producer")
        self._stopping = threading.Event()
        self.producer = new_producer(options, self._failed)
        self._thread = threading.Thread(target=self._serve, name="kafka-producer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let messages leave for a moment, then let go of the brokers. Blocks."""
        self._stopping.set()
        self._thread.join()
        with suppress(load_driver().KafkaException):  # a fatal error, which is why we close it
            self.producer.flush(CLOSE_SECONDS)
        with suppress(load_driver().KafkaException):
            self.producer.purge()
            self.producer.flush(0)

    def _failed(self, error: KafkaError) -> None:
        self.broken = self.broken or error.fatal()
        self._told(error)

    def _serve(self) -> None:
        kafka = load_driver()
        while not self._stopping.is_set():
            try:
                self.producer.poll(POLL_SECONDS)
            except kafka.KafkaException as error:  # a fatal one comes with every poll, deliveries beside it
                self._failed(error.args[0])
                self._stopping.wait(POLL_SECONDS)


class KafkaProducer:
    """The `JobProducer` of Kafka. At most `MAX_BUFFERED_BYTES` wait for the brokers."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._options = producer_options(settings)
        self._names = Names(settings.projects)
        self._lock = asyncio.Lock()
        self._client: _Client | None = None

    async def put(self, messages: Sequence[ScoreCalls]) -> None:
        """Keep messages; see `JobProducer.put`."""
        topic, buckets = self._settings.topic, self._settings.key_buckets
        await self.send(
            [
                Record(
                    topic,
                    key_of(self._names.outside(one.project_id), one.call_ids[0], buckets),
                    score_value(one, self._names),
                    score_headers(one),
                )
                for one in messages
                if one.call_ids
            ]
        )

    async def tell(self, ended: Sequence[EndedCall]) -> None:
        """Keep that calls ended; see `JobProducer.tell`."""
        topic, buckets = self._settings.call_ended_topic, self._settings.key_buckets
        await self.send(
            [
                Record(
                    topic,
                    key_of(self._names.outside(one.project_id), one.call_id, buckets),
                    ended_value(one, self._names),
                    [],
                )
                for one in ended
            ]
        )

    async def send(self, records: Sequence[Record]) -> None:
        """Keep messages of any topic; raise Unavailable when that is not known of every one."""
        if not records:
            return
        client = await self.open()
        batch = _Batch(len(records))
        kafka = load_driver()
        try:
            for record in records:
                client.producer.produce(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    headers=list(record.headers),
                    on_delivery=batch.delivered,
                )
        except BufferError as error:
            raise Unavailable("too many scoring jobs wait for Kafka") from error
        except kafka.KafkaException as error:
            raise self._unavailable(client, error.args[0]) from error
        try:
            async with asyncio.timeout(self._settings.timeout.total_seconds() + GRACE_SECONDS):
                failure = await batch.future
        except TimeoutError as error:
            raise Unavailable("Kafka has not kept the scoring jobs in time") from error
        if failure is not None:
            raise self._unavailable(client, failure, batch.topic)

    async def open(self) -> _Client:
        """Connect, or connect anew after a fatal error; raise StartError for settings that make no sense."""
        async with self._lock:
            if self._client is not None and self._client.broken:
                log().warning("kafka_producer_renewed")
                await self._close()
            if self._client is None:
                self._client = await asyncio.to_thread(_Client, self._options)
            return self._client

    async def close(self) -> None:
        """Let go of the brokers."""
        async with self._lock:
            await self._close()

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(client.close)

    @staticmethod
    def _unavailable(client: _Client, error: KafkaError, topic: str = "") -> Unavailable:
        client.broken = client.broken or error.fatal()
        why = f"there is no topic {topic}" if error.name() in UNKNOWN_TOPIC else described(error)
        return Unavailable(f"Kafka has not kept the scoring jobs: {why}")


@asynccontextmanager
async def open_producer(settings: KafkaSettings) -> AsyncGenerator[KafkaProducer]:
    """Lend a producer. Brokers may be down; without the library, or with senseless settings: StartError."""
    load_driver()
    producer = KafkaProducer(settings)
    await producer.open()
    try:
        yield producer
    finally:
        await producer.close()
