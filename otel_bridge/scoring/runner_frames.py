"""What a pool and its runner processes say to each other, over a socket pair.

A frame is 4 bytes, the length of what follows, little-endian, and a MessagePack message. The pool sends a
`Batch`; the runner answers `Opened` (or `CannotOpen`, and nothing more), then one `Done` or `Failed` for each
call. Calls are begun in their order, `at_a_time` of them beside one another.
"""

from __future__ import annotations

from struct import Struct as Packer
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX: Final = Packer("<I")


class Batch(Struct, frozen=True, array_like=True):
    """Calls for one scorer: `spec` is a Spec as JSON, `lines` are calls as JSON."""

    spec: bytes
    lines: list[bytes]


class Opened(Struct, frozen=True, array_like=True, tag=True):
    """The scorer is ready; `is_async` tells whether it ends calls that take too long by itself."""

    is_async: bool
    at_a_time: int


class CannotOpen(Struct, frozen=True, array_like=True, tag=True):
    """The scorer cannot be used."""

    reason: str


class Done(Struct, frozen=True, array_like=True, tag=True):
    """A verdict; `index` counts the lines of the batch. Times are microseconds since the Unix epoch."""

    index: int
    output: bytes
    inputs: bytes
    started_at: int
    ended_at: int


class Failed(Struct, frozen=True, array_like=True, tag=True):
    """No verdict; `transient`: there may be one later, after `retry_after` seconds where that is known."""

    index: int
    reason: str
    transient: bool
    retry_after: float | None
    inputs: bytes | None
    started_at: int
    ended_at: int


Reply: TypeAlias = Opened | CannotOpen | Done | Failed

_ENCODER: Final = msgspec.msgpack.Encoder()
_BATCHES: Final = msgspec.msgpack.Decoder(Batch)
_REPLIES: Final = msgspec.msgpack.Decoder(Reply)


def frame(message: Batch | Reply) -> bytes:
    """Return the frame of a message."""
    content = _ENCODER.encode(message)
    return PREFIX.pack(len(content)) + content


def batch_of(content: bytes | bytearray) -> Batch:
    """Read a batch; raise msgspec.DecodeError."""
    return _BATCHES.decode(content)


class Replies:
    """Cuts what is received into replies; bytes of an unfinished one wait inside."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Reply]:
        """Yield every reply that is complete now; raise msgspec.DecodeError for what is none."""
        self._buffer += data
        position, size = 0, len(self._buffer)
        with memoryview(self._buffer) as view:
            while size - position >= PREFIX.size:
                (length,) = PREFIX.unpack_from(view, position)
                end = position + PREFIX.size + length
                if end > size:
                    break
                yield _REPLIES.decode(view[position + PREFIX.size : end])
                position = end
        del self._buffer[:position]
