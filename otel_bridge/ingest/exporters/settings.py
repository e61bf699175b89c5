"""What exporters of the writer process are told (`contract/pipeline-config.md` §2.2)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Format: TypeAlias = Literal["json", "proto"]
FileCompression: TypeAlias = Literal["none", "zstd"]
Verbosity: TypeAlias = Literal["basic", "normal", "detailed"]


class Rotation(Struct, frozen=True, kw_only=True):
    """When a file is put aside for a new one, and when what was put aside goes; 0: never."""

    max_bytes: int = 100 << 20
    max_days: int = 0
    max_backups: int = 100


class FileSettings(Struct, frozen=True, kw_only=True, tag="file"):
    """A file that what comes in is added to.

    `required`: it is on the disk before its sender is told so, or the sender is told to come again. If not,
    it is written at once but may be lost with the machine for `flush_seconds`, and what cannot be written is
    counted. `rotation` None: one file, however long.
    """

    name: str = "file"
    path: str
    format: Format = "json"
    compression: FileCompression = "none"
    rotation: Rotation | None = None
    flush_seconds: float = 1.0
    required: bool = True


class DebugSettings(Struct, frozen=True, kw_only=True, tag="debug"):
    """What comes in is told to the log.

    Of the requests of one second the first `sampling_initial` are told, then one of `sampling_thereafter`.
    """

    name: str = "debug"
    verbosity: Verbosity = "basic"
    sampling_initial: int = 2
    sampling_thereafter: int = 1


OutletSettings: TypeAlias = FileSettings | DebugSettings
