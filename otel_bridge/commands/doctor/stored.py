"""Who sent what the store holds: some of the newest calls, and some from all along its arrivals."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import apsw

from otel_bridge.errors import BridgeError
from otel_bridge.store.merge import DumpKind
from otel_bridge.store.sqlite.codec import SpanCodec, UnreadableSpan
from otel_bridge.store.sqlite.connection import open_reader, start_trouble
from otel_bridge.store.sqlite.queries import QUERIES
from otel_bridge.translate.record import unpack
from otel_bridge.translate.senders import Senders
from otel_bridge.translate.stored import SPAN_ID_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from otel_bridge.model.senders import Sender

NEWEST: Final = 400
PLACES: Final = 24
AT_PLACE: Final = 10
"""Calls that are read at each place: so a sender shows that has been silent for long."""
LOOKS: Final = 4
SPANS: Final = 16
"""Each sender is looked at so many times, among so many of its spans each time."""
MICROSECOND: Final = 1_000
"""Nanoseconds."""


def stored_senders(path: Path) -> tuple[Sender, ...]:
    """Return the senders of some calls of a store, read beside a bridge that may run; none without one."""
    if not path.exists():
        return ()
    try:
        with start_trouble(path), closing(open_reader(path)) as connection:
            return _senders(connection)
    except (BridgeError, apsw.Error):
        return ()  # what is wrong with the file, Versions and Disk say


def _senders(connection: apsw.Connection) -> tuple[Sender, ...]:
    def find(number: int) -> bytes | None:
        content: bytes | None = connection.execute(QUERIES["find_dictionary"], (number,)).get
        return content

    codec = SpanCodec(find)
    grouped: dict[tuple[bytes, bytes], list[tuple[int, Any]]] = {}
    for received_at, frame in _frames(connection):
        try:
            resource, scope, raw = unpack(codec.unpack(frame))
        except (UnreadableSpan, ValueError, IndexError):
            continue
        grouped.setdefault((resource, scope), []).append((received_at, raw))
    return _seen(grouped)


def _seen(grouped: dict[tuple[bytes, bytes], list[tuple[int, Any]]]) -> tuple[Sender, ...]:
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - where there are spans
    from opentelemetry.proto.trace.v1.trace_pb2 import Span  # noqa: PLC0415 - the same

    senders = Senders(look_ns=0, pause_ns=0)
    for (resource, scope), found in sorted(grouped.items(), key=lambda each: max(at for at, _ in each[1])):
        newest = sorted(found, key=lambda one: one[0], reverse=True)
        try:
            messages = [Span.FromString(raw) for _, raw in newest]
        except DecodeError:
            continue
        good = [one for one in messages if len(one.span_id) == SPAN_ID_BYTES]
        for at in range(0, max(1, min(len(good), LOOKS * SPANS)), SPANS):
            senders.see("", newest[0][0] * MICROSECOND, resource, scope, good[at : at + SPANS])
    return senders.told()


def _frames(connection: apsw.Connection) -> Iterable[tuple[int, bytes]]:
    """Return arrivals and frames of the newest spans, and of spans from all along."""
    kind = DumpKind.OTLP
    first, last = connection.execute(QUERIES["arrivals"]).fetchone() or (0, 0)
    found: dict[int, tuple[int, bytes]] = {}
    places = range(first, last, max(1, (last - first) // PLACES))
    asked = [("newest_spans", (kind, NEWEST)), *(("spans_from", (place, kind, AT_PLACE)) for place in places)]
    for query, bindings in asked:
        rows: Any = connection.execute(QUERIES[query], bindings)
        found |= {seq: (received_at, frame) for seq, received_at, frame in rows}
    return found.values()
