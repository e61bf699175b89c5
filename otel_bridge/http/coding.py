"""Content codings: which are known, and how each inflates in bounded steps."""

from __future__ import annotations

import importlib
import zlib
from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from otel_bridge.errors import InvalidRequest, UnsupportedCoding


def _extra(module: str) -> Any:
    """Import what may not be there."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


_isal: Final = _extra("isal.isal_zlib")  # the extra `fast`
_zstd: Final = _extra("compression.zstd") or _extra("backports.zstd")  # Python 3.14, or the extra `zstd`

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ENGINES: Final[tuple[Any, ...]] = (zlib,) if _isal is None else (_isal, zlib)
"""What inflates gzip and deflate, the best first. Measured: 2.2 µs for an LLM span of 2.8 KB against 6.5."""

SUPPORTED: Final = "gzip, deflate, zstd" if _zstd else "gzip, deflate"
_ZSTD_ERROR: Final[type[Exception]] = _zstd.ZstdError if _zstd else zlib.error
ZSTD_WINDOW_LOG: Final = 25
"""Largest zstd window taken, 2**25 bytes: Go's encoder uses 32 MiB at its best level, none asks for more."""


class Coding(StrEnum):
    """A coding that changes the bytes."""

    GZIP = "gzip"
    DEFLATE = "deflate"
    ZSTD = "zstd"


_NAMES: Final = {
    "": None,
    "identity": None,
    "gzip": Coding.GZIP,
    "x-gzip": Coding.GZIP,
    "deflate": Coding.DEFLATE,
} | ({"zstd": Coding.ZSTD} if _zstd else {})


def content_coding(headers: Sequence[str]) -> Coding | None:
    """Read the values of all `Content-Encoding` headers; None is identity.

    Raise UnsupportedCoding for an unknown coding and for more than one (`contract/otlp-receiver.md` §5).
    """
    if not headers:
        return None
    name = ", ".join(headers).strip()
    try:
        return _NAMES[name.lower()]
    except KeyError:
        shown = name[:100].encode("ascii", "backslashreplace").decode()
        message = f"unsupported Content-Encoding: {shown}; supported, one at a time: {SUPPORTED}"
        raise UnsupportedCoding(message, field="Content-Encoding") from None


class _Member(Protocol):
    """One gzip member, zlib stream or zstd frame: `hungry` for input, or at its `eof` with a `rest`."""

    @property
    def eof(self) -> bool: ...

    @property
    def rest(self) -> bytes: ...

    @property
    def hungry(self) -> bool: ...

    def feed(self, piece: bytes, max_bytes: int) -> bytes: ...


class _Zlib:
    """A deflate stream in the wrapping that `wbits` names."""

    def __init__(self, engine: Any, wbits: int) -> None:
        self._stream = engine.decompressobj(wbits)

    def feed(self, piece: bytes, max_bytes: int) -> bytes:
        inflated: bytes = self._stream.decompress(self._stream.unconsumed_tail or piece, max_bytes)
        return inflated

    @property
    def eof(self) -> bool:
        return bool(self._stream.eof)

    @property
    def rest(self) -> bytes:
        return bytes(self._stream.unused_data)

    @property
    def hungry(self) -> bool:
        return not self._stream.unconsumed_tail


class _Zstd:
    """A zstd frame."""

    def __init__(self) -> None:
        options = {_zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}
        self._frame = _zstd.ZstdDecompressor(options=options)

    def feed(self, piece: bytes, max_bytes: int) -> bytes:
        inflated: bytes = self._frame.decompress(piece, max_bytes)
        return inflated

    @property
    def eof(self) -> bool:
        return bool(self._frame.eof)

    @property
    def rest(self) -> bytes:
        return bytes(self._frame.unused_data)

    @property
    def hungry(self) -> bool:
        return bool(self._frame.needs_input)


_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZLIB_METHOD: Final = 8


def _deflate_wbits(first: bytes) -> int:
    """Tell zlib's wrapping (RFC 1950, what `deflate` means) from the bare stream some clients send."""
    wrapped = (
        len(first) > 1 and first[0] & 0x0F == _ZLIB_METHOD and int.from_bytes(first[:2], "big") % 31 == 0
    )
    return zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS


class Inflation:
    """One body on its way from wire bytes to plain bytes; pieces of the wire are let go once read."""

    def __init__(self, wire: Iterable[bytes], coding: Coding, *, engine: Any = ENGINES[0]) -> None:
        self._wire = deque(wire)
        self._coding = coding
        self._engine = engine
        self._members = 0
        self._fed = False
        self._member = self._next_member()
        self.finished = False

    def step(self, max_bytes: int) -> bytes:
        """Inflate up to `max_bytes` more and set `finished` at the end of the body.

        Raise InvalidRequest for data that is malformed, cut short or followed by something else.
        """
        parts: list[bytes] = []
        room = max_bytes
        while room and not self.finished:
            if self._member.eof:
                self._turn_over()
                continue
            part = self._feed(room)
            room -= len(part)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _feed(self, room: int) -> bytes:
        hungry = self._member.hungry
        piece = self._wire.popleft() if hungry and self._wire else b""
        if piece and not self._fed and self._coding is Coding.GZIP and not _GZIP_MAGIC.startswith(piece[:2]):
            raise self._wrong(self._what_is_wrong())  # isal waits for a whole header before it complains
        try:
            part = self._member.feed(piece, room)
        except (self._engine.error, _ZSTD_ERROR) as error:
            raise self._wrong(self._what_is_wrong()) from error
        if hungry and not piece and not part and not self._member.eof:
            raise self._wrong("cut short")
        self._fed = True
        return part

    def _turn_over(self) -> None:
        """Go on to the next member, or finish."""
        if self._member.rest:
            self._wire.appendleft(self._member.rest)
        if not self._wire:
            self.finished = True
        elif self._coding is Coding.DEFLATE:
            raise self._wrong("bytes follow the end of the data")
        else:
            self._member = self._next_member()

    def _next_member(self) -> _Member:
        self._members += 1
        self._fed = False
        if self._coding is Coding.ZSTD:
            return _Zstd()
        if self._coding is Coding.GZIP:
            return _Zlib(self._engine, zlib.MAX_WBITS | 16)
        while len(self._wire) > 1 and len(self._wire[0]) < 2:  # noqa: PLR2004 - a zlib header is two bytes
            first = self._wire.popleft()
            self._wire[0] = first + self._wire[0]
        return _Zlib(self._engine, _deflate_wbits(self._wire[0] if self._wire else b""))

    def _what_is_wrong(self) -> str:
        if self._fed:
            return "corrupt data"
        return "invalid header" if self._members == 1 else "bytes follow the end of the data"

    def _wrong(self, what: str) -> InvalidRequest:
        return InvalidRequest(f"{self._coding}: {what}", field="body")
