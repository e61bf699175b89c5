"""The key an upstream asks for: read from a setting or a mounted file, shown to nobody."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otel_bridge.errors import StartError

if TYPE_CHECKING:
    from otel_bridge.exporter.settings import WeaveSettings

AUTHORIZATION: Final = "Authorization"
USER: Final = "api"
"""Weave's clients send this user, with the key as password."""
MAX_KEY_BYTES: Final = 16_384


class Credential:
    """The `Authorization` of an upstream; a key in a file is read again when the upstream refuses it."""

    def __init__(self, settings: WeaveSettings) -> None:
        self._scheme = settings.scheme
        self._file = Path(settings.api_key_file) if settings.api_key_file is not None else None
        self._value = None if settings.api_key is None else self._header(settings.api_key.get_secret_value())

    async def open(self) -> None:
        """Read the key; raise StartError when its file cannot be read or holds none."""
        if self._file is not None:
            self._value = self._header(await asyncio.to_thread(_read, self._file))

    async def renew(self) -> bool:
        """Read the file again; tell whether the key is another one now."""
        before = self._value
        try:
            await self.open()
        except StartError:  # being written, or gone: the key from before stays
            return False
        return self._value != before

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers to send, none without a key."""
        return {} if self._value is None else {AUTHORIZATION: self._value}

    def _header(self, key: str) -> str:
        if self._scheme == "bearer":
            return f"Bearer {key}"
        return "Basic " + b64encode(f"{USER}:{key}".encode()).decode()


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            key = file.read(MAX_KEY_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise StartError(f"cannot read the API key in {path}: {why}") from error
    if not key or not key.isprintable():
        raise StartError(f"{path} holds no API key")
    return key
