"""What an explanation of a span says: plain records, shown by `commands` to people and as JSON."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Said(Struct, frozen=True, kw_only=True):
    """A place where the value of a field is told.

    `told` is one of `sources.Told`, or `span`, `resource`, `request`, `options`. `ours`: Weave's server does
    not read it.
    """

    key: str
    told: str
    dialect: str | None = None
    ours: bool = False


class Lost(Struct, frozen=True):
    """A source that is there and was not taken."""

    said: Said
    why: str


class Field(Struct, frozen=True, kw_only=True):
    """One field of the call: `path` leads to it, through the trees of the call too.

    `value` is what the call holds, None when it holds nothing; times are microseconds since the epoch. `used`
    are the keys of the attributes that went into it.
    """

    path: tuple[str, ...]
    value: Any
    rule: str
    said: Said | None = None
    lost: tuple[Lost, ...] = ()
    used: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The path as one text."""
        return ".".join(self.path)


class Left(Struct, frozen=True):
    """A part of the span that became no field: where it is, what it holds and, if it was read, why."""

    where: str
    name: str
    value: Any
    why: str = ""


class Advice(Struct, frozen=True, kw_only=True):
    """Why content is missing, and what to do about it.

    `fields` are those that lack it, `sender` who did not send it; `switch` is what to set, empty where there
    is none.
    """

    fields: tuple[str, ...]
    sender: str
    text: str
    switch: str = ""


class Explanation(Struct, frozen=True, kw_only=True):
    """How one span became its call.

    `becomes`: `call`, `start` while the span is open, `nothing` when it only announces another one.
    `shows_all`: the attributes of the call are all of the span's, so what is `left` is in sight there too.
    """

    project_id: str
    id: str
    trace_id: str
    span_name: str
    scope: str
    service: str
    becomes: str
    shows_all: bool
    fields: tuple[Field, ...]
    left: tuple[Left, ...]
    advice: tuple[Advice, ...]

    def field(self, name: str) -> Field | None:
        """Return the field of this name, None when the call has none."""
        return next((field for field in self.fields if field.name == name), None)
