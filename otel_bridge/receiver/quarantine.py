"""The poison rule: a body that meets the same bug again and again is put aside (`otlp-receiver.md` §4)."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Final

from otel_bridge.receiver.base import Encoding

if TYPE_CHECKING:
    from pathlib import Path

    from otel_bridge.receiver.base import Export

_MAX_DIGESTS: Final = 1024
_SUFFIX: Final = {Encoding.PROTOBUF: ".pb", Encoding.JSON: ".json"}


class Quarantine:
    """Counts bodies that met a bug; after `limit` times a body is put into `directory` for a person.

    The directory holds `max_bytes` at most, the oldest bodies go first.
    """

    def __init__(self, limit: int, directory: Path | None, *, max_bytes: int) -> None:
        self._limit = limit
        self._directory = directory
        self._max_bytes = max_bytes
        self._met: dict[str, int] = {}

    async def met_bug(self, export: Export) -> bool:
        """Count this body; True: it is poison from now on, refuse it for good."""
        digest = await asyncio.to_thread(_digest, export)
        count = self._met.pop(digest, 0) + 1
        if len(self._met) >= _MAX_DIGESTS:
            del self._met[next(iter(self._met))]
        self._met[digest] = count
        if count < self._limit:
            return False
        if count == self._limit and self._directory is not None:
            name = f"{export.received_ns}-{digest}.{export.signal.name}{_SUFFIX[export.encoding]}"
            await asyncio.to_thread(_keep, self._directory, name, export.body, self._max_bytes)
        return True


def _digest(export: Export) -> str:
    kind = f"{export.signal.name}/{export.encoding}".encode()  # 16 bytes at most
    return hashlib.blake2b(export.body, digest_size=16, person=kind).hexdigest()


def _keep(directory: Path, name: str, body: bytes, max_bytes: int) -> None:
    """Write the body, making room first. A disk that refuses loses the copy only: the answer is the same."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = sorted(directory.iterdir())  # names begin with the receive time: the oldest first
        total = len(body) + sum(path.stat().st_size for path in kept)
        while kept and total > max_bytes:
            total -= kept[0].stat().st_size
            kept.pop(0).unlink()
        if total <= max_bytes:
            (directory / name).write_bytes(body)
    except OSError:
        return
