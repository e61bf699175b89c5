"""What servers said, cut to what fits into an error."""

from __future__ import annotations

from typing import Any, Final

import orjson

SHOWN_CHARACTERS: Final = 200
"""How much of somebody's answer an error shows."""


def shown(text: str) -> str:
    """Return the beginning of a text in one line."""
    line = " ".join(text[: 4 * SHOWN_CHARACTERS].split())
    return line if len(line) <= SHOWN_CHARACTERS else line[:SHOWN_CHARACTERS] + "…"


def said(body: bytes) -> str:
    """Return the message of an error body in one line; its beginning when it is of no known form."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return shown(body[: 4 * SHOWN_CHARACTERS].decode("utf-8", "replace"))
    return shown(message(document))


def message(document: Any) -> str:
    """Return the message of an error: its `error`, `message`, `detail` or `reason`, else all of it."""
    found = document
    while isinstance(found, dict):
        inner = next(
            (found[name] for name in ("error", "message", "detail", "reason") if found.get(name)), None
        )
        if inner is None:
            break
        found = inner
    return found if isinstance(found, str) else orjson.dumps(found).decode()
