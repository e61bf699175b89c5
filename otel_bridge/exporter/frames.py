"""What the service and its renderer process say to each other; framed as `ingest.frames`."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from otel_bridge.ingest.frames import CannotStart, Done, Failed, Logged, Noted, Ready
from otel_bridge.queue.base import Kind  # noqa: TC001 - msgspec reads the annotations
from otel_bridge.translate.options import Options  # noqa: TC001 - the same


class Place(Struct, frozen=True):
    """Some items that wait for a destination: of the records behind `after`, those from `start` up to `stop`.

    `stop` None: to the end. `max_calls` and `max_bytes` bound what is read: the same place, the same items.
    `project_id` is where the destination takes them.
    """

    destination: str
    lane: int
    after: int
    project_id: str
    max_calls: int
    max_bytes: int
    start: int = 0
    stop: int | None = None


class RenderCalls(Struct, frozen=True, kw_only=True, tag="render"):
    """Asks for the requests that deliver items, as many as fit into `max_bytes` of JSON, at least one.

    `whole`: the project takes whole calls only. `gzip`: compress the bodies. `options` say what spans become;
    None: they stay spans, and their requests are OTLP.
    """

    id: int
    place: Place
    max_bytes: int
    whole: bool
    gzip: bool
    options: Options | None


class TakeItem(Struct, frozen=True, tag="take"):
    """Asks for one item as it is kept, to put it aside."""

    id: int
    place: Place


class Outgoing(Struct, frozen=True):
    """One request to the upstream: its path, the size of its body on the wire, and what a success must hold.

    `results` is how many entries `res` must have, None for any JSON object. `wb_run_id` belongs to everything
    in the request; only a request of spans has it beside them.
    """

    path: str
    size: int
    results: int | None
    wb_run_id: str | None = None


class Rendered(Struct, frozen=True, kw_only=True, tag="rendered_calls"):
    """The requests that deliver the items up to `stop`; their bodies lie one behind the other in the body.

    `records` are the records that were looked at: their sequence numbers and how many items they hold;
    `damaged` those of them that cannot be read, which hold none.
    `json_bytes` is the size of the bodies uncompressed. `broken`: the item at `start` cannot be rendered, and
    why; then there are no requests. `blocked`: a barrier whose time has not come is next, and nothing else.
    """

    id: int
    stop: int
    records: tuple[tuple[int, int], ...]
    damaged: tuple[int, ...] = ()
    requests: tuple[Outgoing, ...] = ()
    json_bytes: int = 0
    broken: str | None = None
    blocked: bool = False


class Taken(Struct, frozen=True, kw_only=True, tag="taken"):
    """One item: number `index` of record `seq`; its payload, as `queue.payload` makes it, is the body."""

    id: int
    seq: int
    index: int
    kind: Kind
    received_ns: int
    wb_run_id: str | None


Request: TypeAlias = RenderCalls | TakeItem
Message: TypeAlias = Rendered | Taken | Done | Failed | CannotStart | Ready | Noted | Logged

decode_request: Final = msgspec.msgpack.Decoder(Request).decode
decode_message: Final = msgspec.msgpack.Decoder(Message).decode
