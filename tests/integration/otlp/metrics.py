"""What a bridge tells of itself, and waiting until it tells something."""

from __future__ import annotations

import time

from tests.e2e import client


def eventually(happened) -> None:
    """Wait until something holds that nobody tells of."""
    for _ in range(1200):
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError("it has not come to that")


def metric(bridge, name: str, **labels: str) -> float:
    """Return a sample of the bridge's metrics, 0 when it is not there."""
    _, text = client.call(f"{bridge.api}/metrics")
    wanted = {f'{key}="{value}"' for key, value in labels.items()}
    for line in text.decode().splitlines():
        head, _, value = line.rpartition(" ")
        if head.partition("{")[0] == name and wanted <= set(head.partition("{")[2].rstrip("}").split(",")):
            return float(value)
    return 0.0


def delivered(bridge) -> None:
    """Wait until nothing waits in the queue."""
    eventually(lambda: metric(bridge, "otel_bridge_queue_records") == 0)
