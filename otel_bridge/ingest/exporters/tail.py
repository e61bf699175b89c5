"""How much of a file is whole: what a crash left half written at its end was never acknowledged."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import zstandard

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.ingest.exporters.settings import FileCompression, Format

STEP_BYTES: Final = 64 << 10
RESOURCE_SPANS: Final = 0x0A
"""The tag of the only field of a `TracesData` message."""
MORE: Final = 0x80
LOW_BITS: Final = 0x7F
VARINT_BYTES: Final = 5
"""A length is below 2**32."""

ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
ZSTD_HEAD_BYTES: Final = 18
BLOCK_HEAD_BYTES: Final = 3
RLE_BLOCK: Final = 1
CHECKSUM_BYTES: Final = 4
"""Of a frame (RFC 8878 §3.1.1)."""


class ForeignFile(Exception):
    """The file holds something else than this exporter writes."""


def whole_bytes(fd: int, form: Format, compression: FileCompression) -> int:
    """Return how many bytes from its start are whole lines, messages or frames; raise ForeignFile."""
    size = os.fstat(fd).st_size
    if compression == "zstd":
        return _pieces(fd, size, _frame_end)
    if form == "proto":
        return _pieces(fd, size, _message_end)
    if os.pread(fd, 1, 0) not in {b"", b"{"}:
        raise ForeignFile
    return _lines(fd, size)


def piece_end(fd: int, at: int, form: Format, compression: FileCompression) -> int | None:
    """Return where the line, message or frame at a position ends; None when it is not whole.

    Raise ForeignFile when there is none of them.
    """
    if at >= os.fstat(fd).st_size:
        return None
    if compression == "zstd":
        end = _frame_end(fd, at)
    else:
        end = _message_end(fd, at) if form == "proto" else _line_end(fd, at)
    return end if end is not None and end <= os.fstat(fd).st_size else None


def _line_end(fd: int, at: int) -> int | None:
    while block := os.pread(fd, STEP_BYTES, at):
        found = block.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(block)
    return None


def _lines(fd: int, size: int) -> int:
    """Return where the last line ends."""
    end = size
    while end:
        begin = max(0, end - STEP_BYTES)
        at = os.pread(fd, end - begin, begin).rfind(b"\n")
        if at >= 0:
            return begin + at + 1
        end = begin
    return 0


def _pieces(fd: int, size: int, end_of: Callable[[int, int], int | None]) -> int:
    """Walk from piece to piece; return where the last whole one ends."""
    at = 0
    while at < size:
        end = end_of(fd, at)
        if end is None or end > size:
            break
        at = end
    return at


def _message_end(fd: int, at: int) -> int | None:
    """Return where the field at a position ends; None when that cannot be told."""
    head = os.pread(fd, 1 + VARINT_BYTES, at)
    if head[0] != RESOURCE_SPANS:
        raise ForeignFile
    length = 0
    for place, byte in enumerate(head[1:]):
        length |= (byte & LOW_BITS) << (7 * place)
        if not byte & MORE:
            return at + 2 + place + length
    return None


def _frame_end(fd: int, at: int) -> int | None:
    """Return where the zstd frame at a position ends; None when that cannot be told."""
    head = os.pread(fd, ZSTD_HEAD_BYTES, at)
    if not ZSTD_MAGIC.startswith(head[:4]):
        raise ForeignFile
    try:
        parameters = zstandard.get_frame_parameters(head)
        place = at + zstandard.frame_header_size(head)
    except zstandard.ZstdError:
        return None
    while True:
        block = os.pread(fd, BLOCK_HEAD_BYTES, place)
        if len(block) < BLOCK_HEAD_BYTES:
            return None
        bits = int.from_bytes(block, "little")
        length = 1 if bits >> 1 & 3 == RLE_BLOCK else bits >> 3
        place += BLOCK_HEAD_BYTES + length
        if bits & 1:
            return place + (CHECKSUM_BYTES if parameters.has_checksum else 0)
