"""Server-sent events as model servers write them."""

from __future__ import annotations

import json
from typing import Any


def data(body: Any) -> bytes:
    """Return one event without a name."""
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def named(body: dict[str, Any]) -> bytes:
    """Return one event named after the `type` of its body."""
    return b"event: " + body["type"].encode() + b"\n" + data(body)
