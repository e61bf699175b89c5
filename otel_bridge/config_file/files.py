"""The files that a configuration is read from, and which of them hold something else now.

Looked at by their contents: a mounted ConfigMap or Secret changes by a symbolic link that is put in the place
of another, and a file that was only touched has not changed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

MAX_TEXT: Final = 1 << 20
"""How many characters a file may have."""


class Files:
    """Reads files, each once, and remembers what each held. Blocks; not for two threads at a time."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._digests: dict[str, bytes] = {}

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the paths that were read or looked at, also those where nothing could be read."""
        return tuple(self._digests)

    def read(self, path: str) -> str:
        """Return a text file; raise OSError or ValueError."""
        if path not in self._texts:
            self._digests[path] = b""  # until it can be read
            text = read_text(path)
            self._digests[path] = _digest(text)
            self._texts[path] = text
        return self._texts[path]

    def look(self, path: str) -> None:
        """Remember what a file holds that somebody else reads."""
        if path not in self._digests:
            self._digests[path] = _now(path)

    def forget_texts(self) -> None:
        """Let go of what was read, which may be secret; what is remembered of it tells changes."""
        self._texts.clear()

    def changed(self) -> tuple[str, ...]:
        """Return the paths that hold something else than they did; one that cannot be read holds nothing."""
        return tuple(path for path, digest in self._digests.items() if _now(path) != digest)


def read_text(path: str) -> str:
    """Return a text file; raise OSError or ValueError."""
    with Path(path).open(encoding="utf-8") as file:
        text = file.read(MAX_TEXT + 1)
    if len(text) > MAX_TEXT:
        raise ValueError(f"more than {MAX_TEXT} characters")
    return text


def why(error: OSError | ValueError) -> str:
    """Say why a file was not read: by the system's word, or because it is too large or no UTF-8."""
    return getattr(error, "strerror", None) or "it is not a text file"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _now(path: str) -> bytes:
    try:
        return _digest(read_text(path))
    except (OSError, ValueError):
        return b""
