"""What an exporter of the writer process promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.call import Change
    from otel_bridge.model.span import Span

Piece: TypeAlias = Any
"""What an exporter makes of one request: its own business."""


class Outlet(Protocol):
    """Keeps pieces group by group, as the ledger commits them. Blocks. `name` is the id of the exporter."""

    @property
    def name(self) -> str:
        """Return the id of the exporter."""

    @property
    def takes_calls(self) -> bool:
        """Tell whether calls written through the API have a form here."""

    def spans(self, spans: Sequence[Span]) -> Piece:
        """Make a piece of spans; safe during a `commit`."""

    def changes(self, changes: Sequence[Change]) -> Piece:
        """Make a piece of what the API wrote; safe during a `commit`."""

    def put(self, piece: Piece, count: int) -> None:
        """Add a piece of so many spans or calls to the open group. Raises nothing."""

    def commit(self) -> None:
        """Keep the group. May be called from another thread than the rest, and tells nobody there.

        Raise Unavailable when it cannot be kept and must be: then nothing of it is.
        """

    def rollback(self) -> None:
        """Forget the open group."""

    def maintain(self) -> None:
        """Do a step of upkeep between two groups, and tell what became of those before."""

    def close(self) -> None:
        """Tell the rest and close what is open; an open group is forgotten."""
