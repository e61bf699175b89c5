"""Files that are read again when they change: keys and certificates.

Looked at from time to time, by their contents: a mounted ConfigMap or Secret changes by a symbolic link that
is put in the place of another, which no notification on the file itself tells of.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from otel_bridge.errors import StartError
from otel_bridge.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

POLL_SECONDS: Final = 5.0
MAX_BYTES: Final = 4 << 20

ValueT = TypeVar("ValueT")


class Watched(Generic[ValueT]):
    """A value that is made of files, and made again when one of them changes.

    `read` gets their contents; it raises ValueError, whose message is safe to show, when they make no sense.
    The first time that is a StartError; later the old value stays and the log says why.
    """

    def __init__(
        self, paths: Sequence[Path], read: Callable[..., ValueT], *, what: str, seconds: float = POLL_SECONDS
    ) -> None:
        self._paths = tuple(paths)
        self._read = read
        self._what = what
        self.seconds: Final = seconds
        self._refused = b""
        try:
            contents = self._contents()
            self._digest = _digest(contents)
            self.value = read(*contents)
        except (OSError, ValueError) as error:
            raise StartError(f"{what} {self._name}: {_why(error)}") from None

    @property
    def _name(self) -> str:
        return ", ".join(map(str, self._paths))

    async def look(self) -> None:
        """Read the files again if they have changed."""
        await asyncio.to_thread(self._look)

    async def watch(self) -> None:
        """Look every so many seconds. Never returns."""
        while True:
            await asyncio.sleep(self.seconds)
            await self.look()

    def _look(self) -> None:
        try:
            contents = self._contents()
        except (OSError, ValueError) as error:
            self._refuse(_why(error).encode(), error)
            return
        digest = _digest(contents)
        if digest in {self._digest, self._refused}:
            return
        try:
            self.value = self._read(*contents)
        except (OSError, ValueError) as error:
            self._refuse(digest, error)
            return
        self._digest, self._refused = digest, b""
        log().info("file_reloaded", what=self._what, file=self._name)

    def _refuse(self, digest: bytes, error: Exception) -> None:
        """Keep what there is; say so once."""
        if digest != self._refused:
            self._refused = digest
            log().error("file_not_reloaded", what=self._what, file=self._name, reason=_why(error))

    def _contents(self) -> list[bytes]:
        found = []
        for path in self._paths:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
            if len(content) > MAX_BYTES:
                raise ValueError(f"is larger than {MAX_BYTES >> 20} MiB")
            found.append(content)
        return found


def text_of(content: bytes) -> str:
    """Decode a file; raise ValueError, which shows nothing of it."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is no UTF-8 text") from None


def _digest(contents: list[bytes]) -> bytes:
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).digest()


def _why(error: Any) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
