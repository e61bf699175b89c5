"""What few spans say about their own call: attributes that set a field of it outright."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from otel_bridge.translate.fields import OVERRIDES

if TYPE_CHECKING:
    from otel_bridge.translate.lookup import Found


class Overrides(Struct, frozen=True):
    """The fields of `fields.OVERRIDES`; None is unsaid. Times are microseconds since the epoch."""

    display_name: str | None = None
    spoken_name: str | None = None
    is_turn: bool | None = None
    attributes: Any = None
    wb_run_id: str | None = None
    wb_run_step: int | None = None
    wb_run_step_end: int | None = None
    started_at: int | None = None
    ended_at: int | None = None


UNSAID: Final = Overrides()


def overrides(found: Found) -> Overrides:
    """Return what the span says about its call."""
    if not found.shape.overrides:
        return UNSAID
    return Overrides(**{field: found.pick(field) for field in OVERRIDES})
