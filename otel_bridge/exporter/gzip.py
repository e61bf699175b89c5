"""Compressing request bodies, fast rather than small."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

GZIP_WBITS: Final = 31
FASTEST: Final = 1


def _engine() -> Any:
    try:
        return import_module("isal.isal_zlib")  # the extra `fast`
    except ImportError:
        return import_module("zlib")


_compress: Final = _engine().compress


def compress(body: bytes) -> bytes:
    """Return the body as one gzip member."""
    compressed: bytes = _compress(body, FASTEST, GZIP_WBITS)
    return compressed
