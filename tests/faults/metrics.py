"""What a bridge tells of itself."""

from __future__ import annotations

import json

from tests.e2e import client


def samples(bridge) -> dict[str, float]:
    """Every sample of `/metrics` by its whole name."""
    text = client.call(f"{bridge.api}/metrics")[1].decode()
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def metric(bridge, sample: str) -> float:
    """One sample, 0 when it is not there."""
    return samples(bridge).get(sample, 0.0)


def ready(bridge) -> tuple[int, dict[str, str]]:
    """The status of `/readyz` and what it says of each part."""
    status, body = client.call(f"{bridge.api}/readyz")
    return status, json.loads(body)["parts"]
