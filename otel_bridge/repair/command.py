"""What the command line asks for, put together: where the calls are, which of them, and who watches."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.console import Console

from otel_bridge.ingest.settings import PRIVATE
from otel_bridge.repair.retranslate import run
from otel_bridge.repair.steps import open_steps
from otel_bridge.store.retranslation import Retranslation

if TYPE_CHECKING:
    from otel_bridge.config import BridgeConfig

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROS: Final = 1_000_000


def retranslate_calls(
    *,
    project_id: str | None,
    since: datetime | None,
    everything: bool,
    restart: bool,
    url: str | None,
    config: BridgeConfig,
) -> int:
    """Translate stored calls again; return the exit code. Raise StartError when it cannot begin."""
    os.umask(PRIVATE)
    asked = Retranslation(
        project_id=project_id,
        since=None if since is None else int((since - _EPOCH).total_seconds() * _MICROS),
        everything=everything,
        restart=restart,
    )
    with open_steps(config.data_dir, url, config.options) as steps:
        return run(steps, asked, Console(highlight=False))
