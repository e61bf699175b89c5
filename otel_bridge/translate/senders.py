"""Remembers who sends spans: a few facts for each sender, in bounded memory, at next to no cost.

It is told of each `ScopeSpans` once, not of its spans. What costs more, a closer look at one of them, is
taken every `LOOK_NS` of each sender and every `PAUSE_NS` of all, `BURST` of them at once. No content is kept:
names and versions, times, and whether content and tokens were there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from otel_bridge.model.senders import Sender
from otel_bridge.model.span import Origin
from otel_bridge.translate.options import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.translate.looking import Look
    from otel_bridge.translate.options import Options

MAX_SENDERS: Final = 256
"""Above it the one that was heard of least lately is forgotten. Each takes 3 KB at most."""
MAX_KNOWN: Final = 512
"""Pairs of resource and scope, as they come, whose sender is known without reading them."""
MAX_KEY_BYTES: Final = 512
"""Longer ones are known by their hash."""
MAX_NAME_CHARS: Final = 200
LOOK_NS: Final = 10_000_000_000
PAUSE_NS: Final = 1_000_000_000
"""A look takes some 2 ms: so at most 0.2 % of a core."""
BURST: Final = 32
"""Looks that may be taken at once where there were none for a while."""
REMEMBERED: Final = 8
"""How many looks count: the last ones."""
DOCTOR: Final = "otel-bridge-doctor"
"""The service of test spans, which is no sender."""

_SERVICE: Final = "service.name"
_SDK: Final = ("telemetry.sdk.name", "telemetry.sdk.version", "telemetry.sdk.language")


class Senders:
    """All senders of one bridge. For one thread."""

    def __init__(
        self, options: Options = DEFAULT, *, look_ns: int = LOOK_NS, pause_ns: int = PAUSE_NS
    ) -> None:
        self._options = options
        self._look_ns = look_ns
        self._pause_ns = pause_ns
        self._rows: dict[tuple[str, str, str, str], Sender] = {}
        self._known: dict[tuple[str, bytes, bytes], Sender] = {}
        self._next_look = 0

    def see(
        self, door: str, received_ns: int, resource_wire: bytes, scope_wire: bytes, messages: Sequence[Any]
    ) -> None:
        """Take note of a `ScopeSpans`: the wires as in `model.span.Origin`, and its spans."""
        key = (door, _short(resource_wire), _short(scope_wire))
        row = self._known.get(key)
        if row is None:
            row = self._known_from_now(key, _read(door, received_ns, resource_wire, scope_wire))
        row.last_ns = received_ns
        row.requests += 1
        row.spans += len(messages)
        if (
            received_ns >= row.look_ns
            and self._next_look <= received_ns + BURST * self._pause_ns
            and messages
        ):
            self._next_look = max(self._next_look, received_ns) + self._pause_ns
            row.look_ns = received_ns + self._look_ns
            origin = Origin(
                project_id="", received_ns=received_ns, resource_wire=resource_wire, scope_wire=scope_wire
            )
            self._look(row, messages, origin)

    def see_writer(self, door: str, received_ns: int, client: str) -> None:
        """Take note of a program that writes calls through the API, by its SDK and version."""
        row = self._row(Sender(door=door, sdk=client, dialect="Weave SDK", first_ns=received_ns, last_ns=0))
        row.last_ns = received_ns
        row.requests += 1

    def told(self) -> tuple[Sender, ...]:
        """Return all, the last heard of first."""
        return tuple(sorted(self._rows.values(), key=lambda row: -row.last_ns))

    def _known_from_now(self, key: tuple[str, bytes, bytes], fresh: Sender) -> Sender:
        row = self._row(fresh)
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[key] = row
        return row

    def _row(self, fresh: Sender) -> Sender:
        key = (fresh.door, fresh.service, fresh.sdk, fresh.scope)
        row = self._rows.get(key)
        if row is not None:
            return row
        if len(self._rows) >= MAX_SENDERS:
            del self._rows[min(self._rows, key=lambda one: self._rows[one].last_ns)]
            self._known.clear()
        self._rows[key] = fresh
        return fresh

    def _look(self, row: Sender, messages: Sequence[Any], origin: Origin) -> None:
        from otel_bridge.translate.looking import look  # noqa: PLC0415 - when the first span is there

        _remember(row, look(messages, origin, row.scope, self._options))


def _remember(row: Sender, seen: Look) -> None:
    row.looks += 1
    row.dialect = seen.dialect or row.dialect
    row.roots = row.roots or seen.roots
    if seen.delay_ns is not None:
        row.delays = (*row.delays, seen.delay_ns)[-REMEMBERED:]
    if seen.llm:
        row.no_content = (*row.no_content, seen.content is not None)[-REMEMBERED:]
        row.no_tokens = (*row.no_tokens, seen.tokens is not None)[-REMEMBERED:]
        row.content = seen.content or row.content
        row.tokens = seen.tokens or row.tokens


def _short(wire: bytes) -> bytes:
    return wire if len(wire) <= MAX_KEY_BYTES else b"%d %d" % (len(wire), hash(wire))


def _read(door: str, received_ns: int, resource_wire: bytes, scope_wire: bytes) -> Sender:
    """Return the sender that a resource and a scope name."""
    attributes = {
        each.key: each.value.string_value[:MAX_NAME_CHARS]
        for each in ResourceSpans.FromString(resource_wire).resource.attributes
    }
    scope = ScopeSpans.FromString(scope_wire).scope
    name, version, language = (attributes.get(key, "") for key in _SDK)
    return Sender(
        door=door,
        service=attributes.get(_SERVICE, ""),
        sdk=f"{name} {version}".strip(),
        language=language,
        scope=f"{scope.name[:MAX_NAME_CHARS]} {scope.version[:MAX_NAME_CHARS]}".strip(),
        first_ns=received_ns,
        last_ns=received_ns,
    )
