"""`otel-bridge backup`: what a person sees of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from otel_bridge.commands.failing import STOPPED_EXIT, CommandFailed, told
from otel_bridge.commands.following import following
from otel_bridge.commands.queue_places import places
from otel_bridge.errors import BridgeError, StartError
from otel_bridge.ingest.address import default_data_dir
from otel_bridge.ingest.settings import PRIVATE, QUEUE_FILE, STORE_FILE
from otel_bridge.repair.backup import make_backup
from otel_bridge.repair.copy_steps import open_copying
from otel_bridge.repair.manifest import (
    DATABASES,
    DEAD_LETTERS,
    Manifest,
    check_database,
    check_file,
    read_manifest,
)

if TYPE_CHECKING:
    from otel_bridge.repair.backup import Tell


def run(*, target: Path, verify: bool, **given: Any) -> int:
    """Make a backup, or look whether one is whole; return the exit code."""
    with told():
        if verify:
            with following() as tell:
                manifest = verified(target, tell)
            click.echo(f"{target} is whole: {contents(manifest)}, of {manifest.began_at}")
            return 0
        return _make(target, **given)


def _make(target: Path, *, url: str | None, **given: Path | None) -> int:
    os.umask(PRIVATE)
    os.nice(10)  # the bridge comes first
    data_dir = given["data_dir"] or default_data_dir()
    files = places(data_dir, given["queue_dir"], given["dead_letter_dir"])
    target = Path(os.path.abspath(target))  # noqa: PTH100 - the bridge must find it; links stay as they are
    try:
        with open_copying(data_dir, files, url) as steps, following() as tell:
            manifest = make_backup(steps, (data_dir, files.queue.parent), target, tell)
    except KeyboardInterrupt:
        click.echo("stopped: no backup was made", err=True)
        return STOPPED_EXIT
    except StartError:
        raise  # has an exit code of its own
    except BridgeError as error:
        raise CommandFailed(f"no backup was made: {error}") from error
    click.echo(f"backed up {contents(manifest)}, {manifest.bytes:,} bytes, to {target}")
    return 0


def verified(backup: Path, tell: Tell) -> Manifest:
    """Read a backup and look at every byte of it; raise Refused when it is not whole."""
    manifest, done = read_manifest(backup), 0

    def read(piece: bytes) -> None:
        nonlocal done
        done += len(piece)
        tell("verifying", done, manifest.bytes)

    for file in manifest.files:
        check_file(backup, file, read)
        if file.path in DATABASES:
            check_database(backup / file.path, DATABASES[file.path], whole=True)
    return manifest


def contents(manifest: Manifest) -> str:
    """Say what is in a backup."""
    words = {STORE_FILE: "calls", QUEUE_FILE: "records that wait", DEAD_LETTERS: "dead letters"}
    found = [(manifest.file(path), word) for path, word in words.items()]
    return ", ".join(f"{file.rows or 0:,} {word}" for file, word in found if file is not None)
