"""Bodies in quarantine that may hold what is erased: they go whole, because nobody can read them."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from otel_bridge.store.erasure import Erasure


def erase_quarantined(directory: Path, asked: Erasure) -> int:
    """Remove the bodies that name what is erased, by a value or an id; return how many.

    A body is in quarantine because it cannot be worked on, so its bytes are looked at: it goes with
    everything in it, which nobody ever had an acknowledgement for.
    """
    if not directory.is_dir():
        return 0
    signs = tuple(_signs(asked))
    gone = 0
    for path in directory.iterdir():
        with suppress(OSError):
            body = path.read_bytes()
            if any(sign in body for sign in signs):
                path.write_bytes(bytes(len(body)))
                path.unlink()
                gone += 1
    return gone


def _signs(asked: Erasure) -> Iterator[bytes]:
    for text in (asked.user, asked.thread, *asked.attributes.values(), *asked.calls):
        if text:
            yield text.encode()
            yield text.upper().encode()
    for call_id in asked.calls:
        with suppress(ValueError):
            raw = bytes.fromhex(call_id)
            yield raw
            yield base64.b64encode(raw).rstrip(b"=")
