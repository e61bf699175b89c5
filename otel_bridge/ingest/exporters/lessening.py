"""Takes erased calls out of what a file holds, piece by piece: lines, messages, or zstd frames of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
import zstandard

from otel_bridge.errors import InvalidRequest
from otel_bridge.queue.payload import pack_spans
from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.decode import decode
from otel_bridge.translate import otlp_json

if TYPE_CHECKING:
    from otel_bridge.ingest.exporters.remembered import WrittenFile
    from otel_bridge.model.call import Change
    from otel_bridge.queue.without import Without

NOWHERE: Final = "no/project"
"""The project of spans that name none, where there is no default."""
ITEM: Final = b'{"mode":'
"""How a line about calls begins."""
UPSERT: Final = "/call/upsert_batch"
ZSTD_LEVEL: Final = 3


class Lessening:
    """What one file holds, without what is erased; `seen_bytes`, unpacked, were looked at."""

    def __init__(self, file: WrittenFile, without: Without) -> None:
        self._without = without
        self._proto = file.format == "proto"
        self._packed = file.compression == "zstd"
        self._default_project = file.default_project or NOWHERE
        self.seen_bytes = 0

    def less(self, piece: bytes) -> tuple[bytes, int] | None:
        """Return a piece without what is erased, and how many spans and calls went; None: none did."""
        if not self._packed:
            return self._plain(piece)
        try:
            inside = zstandard.ZstdDecompressor().decompress(piece)
        except zstandard.ZstdError:
            return None
        less = self._plain(inside)
        if less is None:
            return None
        left, gone = less
        packer = zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True)
        return packer.compress(left) if left else b"", gone

    def _plain(self, data: bytes) -> tuple[bytes, int] | None:
        self.seen_bytes += len(data)
        if self._proto:
            return self._spans(data, Encoding.PROTOBUF)
        lines: list[bytes] = []
        gone = 0
        for line in data.splitlines(keepends=True):
            less = self._call(line) if line.startswith(ITEM) else self._spans(line, Encoding.JSON)
            left, some = less or (line, 0)
            lines.append(left)
            gone += some
        return (b"".join(lines), gone) if gone else None

    def _spans(self, document: bytes, encoding: Encoding) -> tuple[bytes, int] | None:
        try:
            found = decode(
                Export(body=document, encoding=encoding, received_ns=0), default_project=self._default_project
            )
        except InvalidRequest:
            return None
        left = self._without.spans(found.spans)
        gone = len(found.spans) - len(left)
        if not gone or found.rejected:  # what it rejects none of ours wrote
            return None
        if encoding is Encoding.PROTOBUF:
            return pack_spans(left), gone
        return b"".join(line + b"\n" for line in otlp_json.lines(left)), gone

    def _call(self, line: bytes) -> tuple[bytes, int] | None:
        changes = _changes(line)
        return (b"", 1) if changes and not self._without.changes(changes) else None


def _changes(line: bytes) -> list[Change]:
    """Return what a line about calls says; nothing of one that is not understood, or names ids only."""
    from otel_bridge.weave.base import Write  # noqa: PLC0415 - pydantic, only where calls were written
    from otel_bridge.weave.writes import WriteRefused, decode_write, new_id  # noqa: PLC0415 - the same

    try:
        item: dict[str, Any] = msgspec.json.decode(line)
        route, body = {
            "start": (UPSERT, {"batch": [item]}),
            "end": (UPSERT, {"batch": [item]}),
            "update": ("/call/update", item["req"]),
        }[item["mode"]]
        write = Write(route=route, body=msgspec.json.encode(body), received_at=0)
        return cast("list[Change]", list(decode_write(write, new_id=new_id).changes))
    except (msgspec.DecodeError, KeyError, TypeError, WriteRefused):
        return []
