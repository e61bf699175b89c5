"""Who sends spans, as far as the bridge has seen: what `otel-bridge doctor` shows and judges."""

from __future__ import annotations

from msgspec import Struct


class Hint(Struct, frozen=True):
    """What a sender leaves out: `fields` of its calls, why, and the `switch` to set, empty where none is."""

    fields: tuple[str, ...]
    text: str
    switch: str


class Sender(Struct, kw_only=True):
    """One instrumentation of one service, by one door (`otlp grpc`, `otlp http`, `weave_api http`).

    Times are nanoseconds since the epoch. `sdk` and `scope` are names with versions. `dialect` is who made
    the spans, as `translate.explain.switches` knows them, empty for one it does not know. Of some of its
    spans somebody took a closer look: `llm` of them were calls of a model, the last ones of those had
    `no_content`, `no_tokens` or not, the latest last; `roots` tells whether one had no parent. `delays` are
    the last times between the end of a span and its arrival, in nanoseconds: negative for a clock that is
    ahead. `look_ns` is when the next look is due.
    """

    door: str
    first_ns: int
    last_ns: int
    service: str = ""
    sdk: str = ""
    language: str = ""
    scope: str = ""
    requests: int = 0
    spans: int = 0
    looks: int = 0
    dialect: str = ""
    roots: bool = False
    no_content: tuple[bool, ...] = ()
    no_tokens: tuple[bool, ...] = ()
    content: Hint | None = None
    tokens: Hint | None = None
    delays: tuple[int, ...] = ()
    look_ns: int = 0
