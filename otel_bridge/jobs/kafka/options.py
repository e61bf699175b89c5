"""Settings as librdkafka spells them; what is not here is its default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datetime import timedelta

    from otel_bridge.jobs.kafka.settings import KafkaSettings

Options = dict[str, Any]

MAX_BUFFERED_BYTES: Final = 64 << 20
"""Of messages that wait for the brokers; more are refused."""
MAX_FETCHED_BYTES: Final = 16 << 20
"""Of messages that librdkafka keeps ready for us."""
METADATA_SECONDS: Final = 30
"""How soon a topic that was created later is found."""
MISSING_TOPIC_SECONDS: Final = 2
"""How long a topic that does not exist may still be about to."""
RECONNECT_SECONDS: Final = 5


def producer_options(settings: KafkaSettings) -> Options:
    """Options of a producer: every message is kept by all in-sync replicas, once, or told of as not kept.

    The partition of a key is the one that Java clients and Weave's server choose.
    """
    return _shared(settings) | {
        "acks": settings.acks,
        "enable.idempotence": settings.enable_idempotence,
        "message.timeout.ms": _ms(settings.timeout),
        "topic.metadata.propagation.max.ms": MISSING_TOPIC_SECONDS * 1000,
        "partitioner": "murmur2_random",
        "linger.ms": 5,
        "queue.buffering.max.kbytes": MAX_BUFFERED_BYTES >> 10,
        **_properties(settings),
    }


def consumer_options(settings: KafkaSettings, group_id: str) -> Options:
    """Options of a member of a group; offsets are stored by us alone."""
    return _shared(settings) | {
        "group.id": group_id,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": _ms(settings.session_timeout),
        "heartbeat.interval.ms": min(3000, _ms(settings.session_timeout) // 5),
        "queued.max.messages.kbytes": MAX_FETCHED_BYTES >> 10,
        "allow.auto.create.topics": False,
        **_properties(settings),
    }


def _shared(settings: KafkaSettings) -> Options:
    options: Options = {
        "bootstrap.servers": ",".join(settings.brokers),
        "client.id": settings.client_id,
        "security.protocol": settings.protocol,
        "topic.metadata.refresh.interval.ms": METADATA_SECONDS * 1000,
        "reconnect.backoff.max.ms": RECONNECT_SECONDS * 1000,
    }
    if settings.sasl is not None:
        options |= {
            "sasl.mechanism": settings.sasl.mechanism,
            "sasl.username": settings.sasl.username,
            "sasl.password": settings.sasl.password.get_secret_value(),
        }
    if settings.tls is not None:
        tls = settings.tls
        key_password = None if tls.key_password is None else tls.key_password.get_secret_value()
        given = {
            "ssl.ca.location": tls.ca_file,
            "ssl.certificate.location": tls.cert_file,
            "ssl.key.location": tls.key_file,
            "ssl.key.password": key_password,
        }
        options |= {name: value for name, value in given.items() if value is not None}
        options["enable.ssl.certificate.verification"] = not tls.insecure_skip_verify
    return options


def _properties(settings: KafkaSettings) -> Options:
    return {name: value.get_secret_value() for name, value in settings.properties.items()}


def _ms(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)
