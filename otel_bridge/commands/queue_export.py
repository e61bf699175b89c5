"""`otel-bridge queue export`: what waits, or dead letters, in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from otel_bridge.commands.exporting import opened
from otel_bridge.commands.failing import told
from otel_bridge.commands.progress import progress
from otel_bridge.commands.queue_items import Which, dead_items, rendered, waiting_items, waiting_lanes
from otel_bridge.commands.queue_places import places

if TYPE_CHECKING:
    from pathlib import Path


def export_queue(
    *,
    data_dir: Path | None,
    queue_dir: Path | None,
    dead_letter_dir: Path | None,
    dead_letters: bool,
    shape: str,
    output: Path,
    **which: str | None,
) -> None:
    """Write what is selected, the oldest first of each lane; a file appears whole or not at all."""
    asked = Which(**which)
    where = places(data_dir, queue_dir, dead_letter_dir)
    with told(), where.reader() as reader, where.letters() as letters:
        if dead_letters:
            items, total = dead_items(letters, asked), letters.sizes()[1] if letters is not None else 0
        else:
            items = waiting_items(reader, asked)
            total = sum(row[6] for row in waiting_lanes(reader, asked))
        written = without = 0
        with opened(output) as file, progress("exporting", total) as done:
            for item in items:
                data = rendered(item, shape)
                file.write(data)
                written += item.record.calls if data else 0
                without += 0 if data else item.record.calls
                done(item.record.calls)
    rest = f", {without:,} have no span" if without else ""
    click.echo(f"exported {written:,} calls{rest}", err=True)
