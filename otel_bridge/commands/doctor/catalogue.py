"""Everything the doctor can find: how bad it is, what it means, and what to do. `docs/doctor.md` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.commands.doctor.entries_keeping import KEEPING
from otel_bridge.commands.doctor.entries_way import WAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.commands.doctor.entries import Entry

CATALOGUE: Final[Mapping[str, Entry]] = {**WAY, **KEEPING}
"""By id. A `fix` may hold `{names}`, which the finding fills in."""
