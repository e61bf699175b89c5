"""The client library: found or not, its log lines, its errors in words."""

from __future__ import annotations

import importlib
import logging
import time
from typing import TYPE_CHECKING, Any, Final

from otel_bridge.errors import StartError
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import Consumer, KafkaError, Producer

    from otel_bridge.jobs.kafka.options import Options

QUIET_SECONDS: Final = 30.0
"""Between two lines that say the same about brokers that stay away."""
MISSING: Final = 'jobs through Kafka need the client library: pip install "otel-bridge[kafka]"'


def load_driver() -> Any:
    """Return the client library; raise StartError, which names the extra, when it is not installed."""
    try:
        return importlib.import_module("confluent_kafka")
    except ImportError as error:
        raise StartError(MISSING) from error


def new_producer(options: Options, on_error: Callable[[KafkaError], None]) -> Producer:
    """Make a producer. Blocks: it reads certificates. Raise StartError for options that make no sense."""
    producer: Producer = _made(load_driver().Producer, options, on_error)
    return producer


def new_consumer(options: Options, on_error: Callable[[KafkaError], None]) -> Consumer:
    """Make a consumer. Blocks: it reads certificates. Raise StartError for options that make no sense."""
    consumer: Consumer = _made(load_driver().Consumer, options, on_error)
    return consumer


def _made(kind: Any, options: Options, on_error: Callable[[KafkaError], None]) -> Any:
    try:
        return kind(options | {"error_cb": on_error}, logger=_Lines())
    except load_driver().KafkaException as error:
        raise StartError(f"extensions.kafka: {described(error.args[0])}") from error


def described(error: KafkaError) -> str:
    """Return an error in words for a person."""
    return f"{error.str()} ({error.name()})"


class _Lines:
    """Takes librdkafka's own log lines; what matters of them also comes as an error."""

    def log(self, level: int, template: str, *values: object) -> None:
        if level >= logging.CRITICAL:
            log().error("kafka_client", said=template % values)
        else:
            log().debug("kafka_client", said=template % values)


class Troubles:
    """Tells of errors once in a while; `role` is "producer" or "consumer"."""

    def __init__(self, role: str) -> None:
        self._role = role
        self._told: dict[str, float] = {}

    def __call__(self, error: KafkaError) -> None:
        """Log an error, unless the same one was logged a moment ago."""
        now = time.monotonic()
        if now - self._told.get(error.name(), -QUIET_SECONDS) >= QUIET_SECONDS:
            self._told[error.name()] = now
            log().warning("kafka_trouble", role=self._role, reason=described(error))
