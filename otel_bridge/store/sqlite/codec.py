"""How whole spans lie on disk: one zstd frame each, with a dictionary trained on the user's own spans.

A frame names its dictionary; dictionaries are kept in the database they serve and are never removed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if sys.version_info >= (3, 14):  # pragma: no cover - one of the two on each machine
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LEVEL: Final = 3
"""As fast as level 1 on spans with a dictionary, and a fifth smaller."""
DICTIONARY_BYTES: Final = 32 << 10
"""Larger ones measured no better."""
SAMPLE_SPANS: Final = 1000
"""So many spans are looked at before the dictionary is trained: 0.1-0.2 s of CPU, once."""
AHEAD_SPANS: Final = 16_384
"""Spans packed ahead of their transaction, at most."""
SAMPLE_BYTES: Final = 8 << 10
"""What is looked at of each span."""


class UnreadableSpan(Exception):
    """A stored frame is damaged, or its dictionary is missing."""


class SpanCodec:
    """Packs and unpacks spans; `find` brings the content of a dictionary by its number, or None."""

    def __init__(self, find: Callable[[int], bytes | None]) -> None:
        self._find = find
        self._known: dict[int, zstd.ZstdDict] = {}
        self._compressor = zstd.ZstdCompressor(level=LEVEL)
        self._samples: list[bytes] | None = []
        self._ahead: dict[int, tuple[bytes, bytes]] = {}

    def use(self, content: bytes) -> int:
        """Pack with this dictionary from now on; return its number."""
        dictionary = zstd.ZstdDict(content)
        self._known[dictionary.dict_id] = dictionary
        self._compressor = zstd.ZstdCompressor(level=LEVEL, zstd_dict=dictionary)
        self._samples = None
        return dictionary.dict_id

    def pack_ahead(self, data: bytes) -> None:
        """Compress a span that `pack` will be asked for; it is remembered while the object lives on."""
        if len(self._ahead) >= AHEAD_SPANS:
            self._ahead.clear()  # of requests that were refused meanwhile
        self._ahead[id(data)] = (data, self._compress(data))

    def pack(self, data: bytes) -> bytes:
        """Compress one span to one frame."""
        same, frame = self._ahead.pop(id(data), (None, b""))
        return frame if same is data else self._compress(data)

    def _compress(self, data: bytes) -> bytes:
        if self._samples is not None and len(self._samples) < SAMPLE_SPANS:
            self._samples.append(data[:SAMPLE_BYTES])
        return self._compressor.compress(data, zstd.ZstdCompressor.FLUSH_FRAME)

    def samples(self) -> list[bytes] | None:
        """Hand over the first spans that were packed, once there are enough to train a dictionary with."""
        if self._samples is None or len(self._samples) < SAMPLE_SPANS:
            return None
        samples, self._samples = self._samples, None
        return samples

    def unpack(self, frame: bytes) -> bytes:
        """Return the span of a frame; raise UnreadableSpan."""
        try:
            number = zstd.get_frame_info(frame).dictionary_id
            return zstd.decompress(frame, zstd_dict=self._dictionary(number) if number else None)
        except zstd.ZstdError as error:
            raise UnreadableSpan(str(error)) from error

    def _dictionary(self, number: int) -> zstd.ZstdDict:
        known = self._known.get(number)
        if known is None:
            content = self._find(number)
            if content is None:
                raise UnreadableSpan(f"dictionary {number} is missing")
            known = self._known[number] = zstd.ZstdDict(content)
        return known


def train(samples: Sequence[bytes]) -> bytes | None:
    """Make a dictionary from spans; None when they have too little in common."""
    try:
        return zstd.train_dict(samples, DICTIONARY_BYTES).dict_content
    except zstd.ZstdError:
        return None
