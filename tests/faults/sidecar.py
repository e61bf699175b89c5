"""A real sidecar in front of an upstream of the tests, set by environment alone."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.e2e import process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROJECT = "team/shop"
KEY = "key-that-must-not-be-seen-0123456789"


def environment(upstream_url: str, **more: str) -> dict[str, str]:
    return {
        "OTEL_BRIDGE_PROFILE": "sidecar",
        "WANDB_API_KEY": KEY,
        "WANDB_ENTITY": "team",
        "WANDB_PROJECT": "shop",
        "WEAVE_ENDPOINT": upstream_url,
        **more,
    }


@contextmanager
def sidecar(data_dir: Path, upstream_url: str, *flags: str, **more: str) -> Iterator[process.Bridge]:
    """A sidecar for the length of a block."""
    with process.running(data_dir, *flags, **environment(upstream_url, **more)) as bridge:
        yield bridge


def config(path: Path, upstream_url: str, **exporter: object) -> str:
    """A configuration file with impatient retries, as a flag; `exporter` are further keys of the exporter."""
    document = {
        "receivers": {"otlp": {"protocols": {"grpc": {}, "http": {}}}, "weave_api": {}},
        "exporters": {
            "weave": {
                "endpoint": upstream_url,
                "auth": {"api_key": KEY},
                "project": PROJECT,
                "retry_on_failure": {"initial_interval": "20ms", "max_interval": "200ms"},
                "sending_queue": {"batch": {"flush_timeout": "20ms"}},
                **exporter,
            }
        },
        "service": {"pipelines": {"traces": {"receivers": ["otlp", "weave_api"], "exporters": ["weave"]}}},
    }
    path.write_text(json.dumps(document))
    return f"--config={path}"
