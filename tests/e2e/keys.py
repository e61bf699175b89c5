"""A bridge that asks for keys."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import orjson

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_SECONDS = 60
KEYS = """
keys:
- {name: owner, key: owner-key, rights: [ingest, read, score, admin]}
- {name: other, key: other-key, rights: [ingest, read, score, admin], projects: [other/*]}
- {name: team, key: team-key, rights: [ingest, read, score], projects: [acme/*]}
- {name: writer, key: writer-key, rights: [ingest]}
- {name: reader, key: reader-key, rights: [read]}
"""


def auth_file(directory: Path, text: str = KEYS) -> Path:
    file = directory / "keys.yaml"
    file.write_text(text)
    return file


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def ask(url: str, body: object = None, *, key: str = "", context=None, **headers: str) -> tuple[int, bytes]:
    """Post a body, or get; return status and answer."""
    data = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
    sent = {"Content-Type": "application/json"} | bearer(key) | headers
    return answer(Request(url, data=data, headers=sent), context)


def answer(request: Request, context=None) -> tuple[int, bytes]:
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS, context=context) as reply:
            return reply.status, reply.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()
