"""What a `file` exporter writes beside spans: items of `/call/upsert_batch`, new names and deletions."""

from __future__ import annotations

from itertools import groupby
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from otel_bridge.commands.failing import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.commands.source import Source

ITEM: Final = b'{"mode":'
"""How a line begins that is no document of spans."""
ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
UPSERT: Final = "/call/upsert_batch"
_ROUTES: Final = {"start": UPSERT, "end": UPSERT, "update": "/call/update", "delete": "/calls/delete"}


def is_item(line: bytes) -> bool:
    """Tell whether a line is about calls."""
    return line.startswith(ITEM)


def keep_items(source: Source, lines: Sequence[bytes], into_project: str | None) -> None:
    """Keep what the lines say, in their order; raise CommandFailed for what is no item."""
    items = [_item(line, into_project) for line in lines]
    for route, some in groupby(items, lambda item: _ROUTES[item["mode"]]):
        if route == UPSERT:
            source.keep(route, msgspec.json.encode({"batch": list(some)}))
            continue
        for item in some:
            source.keep(route, msgspec.json.encode(item["req"]))


def _item(line: bytes, into_project: str | None) -> dict[str, Any]:
    try:
        item: dict[str, Any] = msgspec.json.decode(line)
        request = item["req"]
        half = request[item["mode"]] if _ROUTES[item["mode"]] == UPSERT else request
        if into_project is not None:
            half["project_id"] = into_project
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise CommandFailed(f"what begins {line[:60]!r} is no item of calls") from error
    return item


def inflated(file: IO[bytes]) -> IO[bytes]:
    """Return the file, or what it holds where it is compressed with zstd."""
    if file.peek(4)[:4] != ZSTD_MAGIC:  # type: ignore[attr-defined]  # every reader of ours is buffered
        return file
    from io import BufferedReader  # noqa: PLC0415 - for few files

    import zstandard  # noqa: PLC0415 - as above

    reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
    return BufferedReader(reader)
