"""What a decoder of a write route works on, and what it makes of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from otel_bridge.weave import fields
from otel_bridge.weave.refusals import reason

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from otel_bridge.model.annex import AnnexChange
    from otel_bridge.model.call import Change

EMPTY: bytes = b"{}"


class Body(NamedTuple):
    """What a decoder works on. `project_id` is the path's, None on routes without one in their path.

    `received_at` is microseconds since the epoch.
    """

    data: bytes
    project_id: str | None
    new_id: Callable[[], str]
    received_at: int = 0
    content_type: str | None = None


class Decoded(NamedTuple):
    """What a decoder makes of a body."""

    changes: tuple[Change | AnnexChange, ...]
    answer: bytes


@contextmanager
def naming(place: str = "") -> Generator[None]:
    """Refuse with 400 what does not fit, and say where it is."""
    try:
        yield
    except fields.BadValue as error:
        raise reason(400, f"{place}: {error}" if place else str(error)) from None
