"""What servers and models say, cut to what fits into an error."""

from __future__ import annotations

from typing import Any, Final

import orjson

QUOTED_CHARACTERS: Final = 200
"""How much of somebody's answer an error shows."""
_REDIRECTS: Final = 3
_LOOKED_AT: Final = 4 * QUOTED_CHARACTERS


def quoted(text: str) -> str:
    """Return the beginning of a text in one line."""
    line = " ".join(text[:_LOOKED_AT].split())
    return line if len(line) <= QUOTED_CHARACTERS else line[:QUOTED_CHARACTERS] + "…"


def answered(status: int, body: bytes) -> str:
    """Return `STATUS: message` of an answer that is no success, or what the status alone says."""
    if message := message_of(body):
        return f"{status}: {message}"
    return f"{status}, and redirects are not followed" if status // 100 == _REDIRECTS else f"{status}"


def message_of(body: bytes) -> str:
    """Return the message of an error body in one line; its beginning when it is of no known form."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return quoted(body[:_LOOKED_AT].decode("utf-8", "replace"))
    return quoted(message_in(document))


MEMBERS: Final = ("error", "message", "detail", "reason")
"""Where errors say what they are, one inside the other."""


def message_in(document: Any) -> str:
    """Return the message of an error: its `error`, `message`, `detail` or `reason`, else all of it."""
    found = document
    while isinstance(found, dict):
        inner = next((found[name] for name in MEMBERS if found.get(name)), None)
        if inner is None:
            break
        found = inner
    return found if isinstance(found, str) else orjson.dumps(found).decode()
