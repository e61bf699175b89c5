"""What a store is asked to add up for statistics, and what it answers."""

from __future__ import annotations

from msgspec import Struct

from otel_bridge.model.query import CallsFilter  # noqa: TC001 - records like this one are read at run time
from otel_bridge.stats.metrics import Wanted  # noqa: TC001 - the same
from otel_bridge.stats.tally import Cell  # noqa: TC001 - the same


class Measure(Struct, frozen=True, kw_only=True):
    """Add up the calls that match `filter` and started within the edges, microseconds since the epoch.

    Bucket n holds what started in `[edges[n], edges[n + 1])`. Without `calls` or `usage` nothing is asked of
    that kind. Usage is told apart by how many of `sizes`, in ascending order, its `input_tokens` exceed.
    """

    project_id: str
    filter: CallsFilter
    edges: tuple[int, ...]
    calls: tuple[Wanted, ...] = ()
    usage: tuple[Wanted, ...] = ()
    sizes: tuple[int, ...] = ()


class Measured(Struct, frozen=True):
    """The buckets that hold anything: of calls by number, of usage by number, model and size.

    `sampled`: some of the calls stand for others that were not kept, and count for them.
    """

    calls: dict[int, Cell]
    usage: dict[tuple[int, str, int], Cell]
    sampled: bool = False
