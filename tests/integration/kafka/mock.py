"""librdkafka's mock cluster: brokers inside this process that speak Kafka's protocol on loopback sockets."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import confluent_kafka
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

BROKERS: Final = 2
UNKNOWN_TOPIC: Final = 3
NOT_LEADER: Final = 6
CLUSTER_AUTHORIZATION_FAILED: Final = 31
PRODUCE: Final = 0
INIT_PRODUCER_ID: Final = 22

_PRODUCER: Final = 0
_INVALID_KEY_NONE: Final = 0


def _library() -> ctypes.CDLL:
    """Load the librdkafka that the client library brings along; skip where it is linked in statically."""
    site = Path(confluent_kafka.__file__).parent
    folders = (site.parent / "confluent_kafka.libs", site / ".dylibs")
    found = [path for folder in folders for path in sorted(folder.glob("librdkafka*"))]
    if not found:
        pytest.skip("the mock cluster needs a client library that brings a shared librdkafka along")
    return ctypes.CDLL(str(found[0]))


class MockCluster:
    """A cluster whose brokers can be told to misbehave."""

    def __init__(self) -> None:
        self._lib = lib = _library()
        for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
            getattr(lib, name).restype = ctypes.c_void_p
        lib.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        why = ctypes.create_string_buffer(256)
        conf = ctypes.c_void_p(lib.rd_kafka_conf_new())
        lib.rd_kafka_conf_set(conf, b"log_level", b"0", why, ctypes.c_size_t(256))
        self._handle = ctypes.c_void_p(lib.rd_kafka_new(_PRODUCER, conf, why, ctypes.c_size_t(256)))
        self._cluster = ctypes.c_void_p(lib.rd_kafka_mock_cluster_new(self._handle, BROKERS))
        lib.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, ctypes.c_int32(100))
        self.brokers: Final = lib.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def create_topics(self, *names: str, partitions: int) -> None:
        for name in names:
            self._done(
                self._lib.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, BROKERS)
            )

    def refuse_topic(self, name: str, error: int) -> None:
        self._lib.rd_kafka_mock_topic_set_error(self._cluster, name.encode(), error)

    def fail_next(self, request: int, error: int) -> None:
        """Answer the next request of a kind with an error."""
        self._lib.rd_kafka_mock_push_request_errors(
            self._cluster, ctypes.c_int16(request), ctypes.c_size_t(1), ctypes.c_int(error)
        )

    def stop(self) -> None:
        """Take all brokers down; what they hold stays."""
        for broker in range(1, BROKERS + 1):
            self._done(self._lib.rd_kafka_mock_broker_set_down(self._cluster, ctypes.c_int32(broker)))

    def start(self) -> None:
        for broker in range(1, BROKERS + 1):
            self._done(self._lib.rd_kafka_mock_broker_set_up(self._cluster, ctypes.c_int32(broker)))

    def close(self) -> None:
        self._lib.rd_kafka_mock_cluster_destroy(self._cluster)
        self._lib.rd_kafka_destroy(self._handle)

    @staticmethod
    def _done(error: int) -> None:
        assert error == _INVALID_KEY_NONE, f"librdkafka error {error}"


@contextmanager
def mock_cluster() -> Iterator[MockCluster]:
    cluster = MockCluster()
    try:
        yield cluster
    finally:
        cluster.close()
