"""`otel-bridge restore`: what a person sees of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from otel_bridge.commands.backing_up import contents
from otel_bridge.commands.failing import STOPPED_EXIT, CommandFailed, told
from otel_bridge.commands.following import following
from otel_bridge.commands.queue_places import places
from otel_bridge.errors import Refused
from otel_bridge.ingest.address import default_data_dir
from otel_bridge.ingest.settings import PRIVATE, QUEUE_FILE
from otel_bridge.repair.manifest import read_manifest
from otel_bridge.repair.restore import parts_of, restore

if TYPE_CHECKING:
    from pathlib import Path

    from otel_bridge.repair.manifest import Manifest


def run(*, source: Path, force: bool, queue: bool, **given: Path | None) -> int:
    """Restore a backup; return the exit code."""
    os.umask(PRIVATE)
    data_dir = given["data_dir"] or default_data_dir()
    files = places(data_dir, given["queue_dir"], given["dead_letter_dir"])
    with told():
        try:
            manifest = read_manifest(source)
            parts = parts_of(manifest, data_dir, files, queue=queue)
            with following() as tell:
                replaced = restore(source, parts, tell, force=force)
        except KeyboardInterrupt:
            click.echo("stopped: nothing was restored", err=True)
            return STOPPED_EXIT
        except Refused as error:
            raise CommandFailed(f"nothing was restored: {error}") from error
        click.echo(f"restored {contents(manifest)} of {manifest.began_at} into {data_dir}")
        for each in replaced:
            click.echo(f"what was there before is in {each}")
        _say_of_queue(manifest, queue=queue)
    return 0


def _say_of_queue(manifest: Manifest, *, queue: bool) -> None:
    file = manifest.file(QUEUE_FILE)
    if file is None or not file.rows:
        return
    if not queue:
        click.echo(f"{file.rows:,} records that waited for an upstream were left out")
        return
    click.echo(
        f"{file.rows:,} records wait for an upstream: those that it got since {manifest.began_at} it will get"
        " again. Calls keep their ids, so none is there twice; a call that was changed or deleted there since"
        " may come back as it was. --without-queue leaves them out."
    )
