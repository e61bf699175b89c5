"""Where accepted data is kept: what the writer process is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from otel_bridge.ingest.settings import (
    DEAD_LETTERS_DIR,
    DEAD_LETTERS_FILE,
    QUEUE_FILE,
    QueueSettings,
    WriterSettings,
)
from otel_bridge.queue.base import Destination, QueueLimits
from otel_bridge.store.limits import ProjectLimits
from otel_bridge.store.scoring.watching import Watched

if TYPE_CHECKING:
    from pathlib import Path

    from otel_bridge.config import BridgeConfig


def queue_file(config: BridgeConfig) -> Path:
    """Return where the queue is."""
    return (config.queue_dir or config.data_dir) / QUEUE_FILE


def writer_settings(config: BridgeConfig, own_instance: str | None = None) -> WriterSettings:
    """Return what the writer process is to keep, and where; `own_instance` where own traces are on."""
    return WriterSettings(
        data_dir=str(config.data_dir),
        retention_seconds=int(config.retention.total_seconds()) if config.retention else None,
        max_bytes=int(config.max_disk) if config.max_disk else None,
        project_limits=tuple(
            ProjectLimits(projects=glob, retention_seconds=int(kept.total_seconds()) if kept else None)
            for glob, kept in config.project_retention.items()
        ),
        default_project=config.default_project,
        options=config.options,
        watched=watched(config),
        store=config.store,
        queue=_queue_settings(config) if config.upstreams or config.otlp_receivers else None,
        pipelines=config.pipelines,
        outlets=config.outlets,
        own_instance=own_instance,
    )


def settings_beside(config: BridgeConfig, before: WriterSettings) -> WriterSettings:
    """Return what the writer process is to go by after `before`: a queue stays open once there is one.

    What waits in it for a destination that is gone may be delivered when that comes back.
    """
    settings = writer_settings(config, before.own_instance)
    if settings.queue is None and before.queue is not None:
        return replace(settings, queue=replace(before.queue, destinations=()))
    return settings


def watched(config: BridgeConfig) -> Watched:
    """Return where monitors of the configuration look at calls that end."""
    scoring = config.scoring
    active = [one for one in (scoring.monitors.values() if scoring is not None else ()) if one.active]
    return Watched(
        everywhere=not all(one.projects for one in active),
        projects=tuple(sorted({project for one in active for project in one.projects})),
    )


def _queue_settings(config: BridgeConfig) -> QueueSettings:
    queue_dir = config.queue_dir or config.data_dir
    dead_dir = config.dead_letter_dir or queue_dir / DEAD_LETTERS_DIR
    age = config.queue_max_age
    return QueueSettings(
        path=str(queue_dir / QUEUE_FILE),
        dead_path=str(dead_dir / DEAD_LETTERS_FILE),
        destinations=(
            *(Destination(one.name, one.required) for one in config.upstreams),
            *(Destination(one.name, one.required, takes_calls=False) for one in config.otlp_receivers),
        ),
        limits=QueueLimits(
            max_bytes=int(config.queue_size),
            max_age_seconds=int(age.total_seconds()) if age is not None else None,
            min_free_bytes=int(config.queue_min_free),
            max_dead_bytes=int(config.dead_letter_size),
        ),
    )
