"""Refs: names of calls, objects and tables (`contract/weave-api.md` §6)."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from msgspec import Struct

from otel_bridge.query.derived import REF_SCHEME

_HEAD_PARTS: Final = 4
"""entity, project, kind, and the rest."""


class Ref(Struct, frozen=True):
    """A ref taken apart: `name` is the id of a call and the digest of a table, which have no `digest`.

    `extra` leads into the value, in pairs: `attr`, `key`, `index` or `id`, and which one.
    """

    project_id: str
    kind: str
    name: str
    digest: str
    extra: tuple[tuple[str, str], ...] = ()


def call_ref(project_id: str, call_id: str) -> str:
    """Name a call."""
    return f"{REF_SCHEME}{project_id}/call/{call_id}"


def object_ref(project_id: str, kind: str, name: str, digest: str) -> str:
    """Name a version of an object or op (`kind`)."""
    return f"{REF_SCHEME}{project_id}/{kind}/{name}:{digest}"


def project_named(ref: str) -> str | None:
    """Return the project that a ref is about, however the rest of it reads; None for what is no ref."""
    if not ref.startswith(REF_SCHEME):
        return None
    entity, project, *_ = (*ref.removeprefix(REF_SCHEME).split("/", 2), "")
    return f"{entity}/{project}"


def parsed(ref: str) -> Ref | None:
    """Take a ref apart; None for what is no ref to something kept here."""
    if not ref.startswith(REF_SCHEME):
        return None
    parts = ref.removeprefix(REF_SCHEME).split("/", 3)
    if len(parts) < _HEAD_PARTS or not all(parts):
        return None
    entity, project, kind, rest = parts
    named, *path = rest.split("/")
    name, colon, digest = named.partition(":")
    wants_digest = kind in {"object", "op"}
    if len(path) % 2 or wants_digest != bool(colon) or (wants_digest and not digest):
        return None
    extra = tuple(zip(path[::2], map(unquote, path[1::2]), strict=True))
    return Ref(f"{entity}/{project}", kind, name, digest, extra)
