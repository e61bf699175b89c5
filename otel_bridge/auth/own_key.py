"""The key that our own commands show to a bridge which asks for one: from the environment, never an argument.

Arguments are seen by everybody on a machine, and kept by shells.
"""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otel_bridge.auth.credentials import API_KEY_HEADERS
from otel_bridge.errors import StartError

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY: Final = "OTEL_BRIDGE_API_KEY"
KEY_FILE: Final = "OTEL_BRIDGE_API_KEY_FILE"


def own_key(environ: Mapping[str, str] = os.environ) -> str:
    """Return the key, "" when there is none; raise StartError for a file or a key that cannot be used."""
    key, file = environ.get(KEY, ""), environ.get(KEY_FILE, "")
    if key and file:
        raise StartError(f"{KEY} and {KEY_FILE} are both set: take one")
    if file:
        try:
            key = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StartError(f"{KEY_FILE}: {getattr(error, 'strerror', None) or 'no text'}") from None
    key = key.strip()
    if not key.isascii() or not key.isprintable():
        raise StartError(f"{KEY_FILE if file else KEY}: this is no key")
    return key


def key_headers(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the headers that show the key; none without one. Raise StartError as `own_key` does."""
    return headers_of(own_key(environ))


def headers_of(key: str) -> dict[str, str]:
    """Return the headers that show a key, in a way for every authenticator; none for no key.

    `USER:PASSWORD` is sent as HTTP Basic, any other key as a bearer token; either in a header of its own too.
    """
    if not key:
        return {}
    if ":" in key:
        return {"Authorization": f"Basic {b64encode(key.encode()).decode()}", API_KEY_HEADERS[0]: key}
    return {"Authorization": f"Bearer {key}", API_KEY_HEADERS[0]: key}


def advice(status: int, environ: Mapping[str, str] = os.environ) -> str:
    """Say what is missing where a bridge answers 401 or 403; nothing for other statuses."""
    given = bool(environ.get(KEY) or environ.get(KEY_FILE))
    match status:
        case 401 if given:
            return f"; {KEY} is not known there, or may not be sent this way (USER:PASSWORD for HTTP Basic)"
        case 401:
            return f"; {KEY}, or {KEY_FILE}, gives the key to show"
        case 403 if given:
            return f"; it is about the key in {KEY}"
        case _:
            return ""
