"""The Kafka that scoring is measured with: a real broker where there is Java, a mock cluster elsewhere."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPICS: Final = ("weave.score_calls", "weave.call_ended", "weave.score_calls.dead_letter")
PARTITIONS: Final = 4


@contextmanager
def cluster() -> Iterator[tuple[str, dict[str, Any]]]:
    """Run a cluster; yield what it is, and the settings of a `kafka` extension."""
    from tests.integration.kafka.broker import real_broker  # noqa: PLC0415 - only for this section
    from tests.integration.kafka.mock import mock_cluster  # noqa: PLC0415 - as above

    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="bench-kafka-")))
        try:
            found: Any = opened.enter_context(real_broker(folder))
            what = "a real Kafka broker"
        except pytest.skip.Exception as why:
            print(f"  {why}")
            found = opened.enter_context(mock_cluster())
            what = "librdkafka's mock cluster"
        found.create_topics(*TOPICS, partitions=PARTITIONS)
        yield what, {"brokers": found.brokers}
