"""A scorer that can run: its kind, its settings, what it may take."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct

Origin: TypeAlias = Literal["builtin", "config", "package", "object"]
"""Where the settings come from; those of an `object` were published by anybody who may publish."""


class Bounds(Struct, frozen=True, kw_only=True):
    """What a scorer may take: runs at a time, runs a minute (None: any number), seconds a run, attempts."""

    concurrency: int = 4
    per_minute: float | None = None
    timeout_seconds: float = 30.0
    attempts: int = 3


class Spec(Struct, frozen=True, kw_only=True):
    """A scorer that can run.

    `name` is the id of its object and the end of its feedback type; `ref` names the version it was asked for
    by, None for a registered one that is not published yet. `settings` is a JSON object, the keys of its
    kind (`scorer/kinds.py`) without those that every kind has. `column_map` names, for a parameter of the
    scorer, the input of the call that fills it. `stands_in_for` names stored scorers that this one replaces.
    """

    name: str
    kind: str
    settings: dict[str, Any]
    origin: Origin
    ref: str | None = None
    description: str | None = None
    column_map: dict[str, str] | None = None
    bounds: Bounds = Bounds()
    stands_in_for: tuple[str, ...] = ()
    class_name: str | None = None
