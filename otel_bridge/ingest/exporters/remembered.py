"""Where `file` exporters have written: kept in the data directory, so that an erasure finds the files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from otel_bridge.errors import StartError
from otel_bridge.ingest.exporters.settings import FileCompression, FileSettings, Format
from otel_bridge.ingest.settings import WRITTEN_FILES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from otel_bridge.ingest.exporters.settings import OutletSettings


class WrittenFile(Struct, frozen=True, kw_only=True):
    """A file that an exporter has written, also under the names of its time.

    `default_project` is that of spans in it which name none.
    """

    path: str
    format: Format = "json"
    compression: FileCompression = "none"
    default_project: str | None = None


def absolute(path: str) -> str:
    """Return a path by which a file is known; a link stays what it is."""
    return os.path.abspath(path)  # noqa: PTH100 - Path has no such


def remember(data_dir: Path, outlets: Iterable[OutletSettings], default_project: str | None) -> None:
    """Add the files of exporters to those that are remembered; raise StartError."""
    known = {one.path: one for one in remembered(data_dir)}
    before = dict(known)
    for one in outlets:
        if isinstance(one, FileSettings):
            path = absolute(one.path)
            known[path] = WrittenFile(
                path=path, format=one.format, compression=one.compression, default_project=default_project
            )
    if known == before:
        return
    file = data_dir / WRITTEN_FILES
    part = file.with_suffix(".part")
    try:
        with part.open("wb") as opened:
            opened.write(msgspec.json.encode(list(known.values())))
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)
    except OSError as error:
        raise StartError(f"cannot write {file}: {error.strerror}") from error


def remembered(data_dir: Path) -> list[WrittenFile]:
    """Return the files that exporters have written; raise StartError when that cannot be read."""
    file = data_dir / WRITTEN_FILES
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[WrittenFile])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError) as error:
        raise StartError(f"cannot read {file}: {error}") from error
