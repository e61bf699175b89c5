"""Digests of what is kept, as Weave's SDK computes them (its `trace/serialization/digest.py`).

An SDK that computes digests itself tells its server what it expects; refs count in the form a Weave server
stores them in, with an internal project id (`contract/weave-api.md` §5.3, §6).
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable

_EXTERNAL: Final = "weave:///"
_INTERNAL: Final = "weave-trace-internal:///"
_REF_PARTS: Final = 3
_MAX_EMBEDDED: Final = 8
"""JSON texts inside JSON texts whose refs count, as in the SDK."""


def internal_project_id(project_id: str) -> str:
    """Return the id that stands for a project inside refs that are hashed."""
    return urlsafe_b64encode(project_id.encode()).decode().rstrip("=")


def bytes_digest(content: bytes) -> str:
    """Digest a file."""
    from hashlib import sha256  # noqa: PLC0415 - OpenSSL takes 4 MB of a process

    text = urlsafe_b64encode(sha256(content).digest()).decode()
    return text.replace("-", "X").replace("_", "Y").rstrip("=")


def value_digest(value: Any) -> str:
    """Digest the value of an object, or a row."""
    canonical = json.dumps(internal(value), sort_keys=True)  # the SDK's own: its spaces and escapes count
    return bytes_digest(canonical.encode())


def table_digest(row_digests: Iterable[str]) -> str:
    """Digest a table."""
    from hashlib import sha256  # noqa: PLC0415 - as above

    digest = sha256()
    for one in row_digests:
        digest.update(one.encode())
    return digest.hexdigest()


def internal(value: Any, *, depth: int = 0) -> Any:
    """Return a tree with the refs in it as a Weave server stores them; keys are no refs."""
    match value:
        case str():
            return _internal_text(value, depth)
        case dict():
            return {name: internal(member, depth=depth) for name, member in value.items()}
        case list():
            return [internal(item, depth=depth) for item in value]
        case _:
            return value


def _internal_text(text: str, depth: int) -> str:
    if _EXTERNAL not in text:
        return text
    if text.startswith(_EXTERNAL):
        parts = text.removeprefix(_EXTERNAL).split("/", 2)
        if len(parts) < _REF_PARTS:
            return text
        return f"{_INTERNAL}{internal_project_id('/'.join(parts[:2]))}/{parts[2]}"
    if depth == _MAX_EMBEDDED:
        return text
    try:
        tree = orjson.loads(text)
        mapped = internal(tree, depth=depth + 1)
        return text if mapped == tree else json.dumps(mapped)
    except (orjson.JSONDecodeError, RecursionError):  # no JSON, or deeper than anybody means
        return text
