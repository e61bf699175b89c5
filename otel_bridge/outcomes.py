"""What becomes of what an exporter is given, as a counter; light enough for every process."""

from __future__ import annotations

from typing import Final

_EXPORTER: Final = "exporter:"


def exported_by(exporter: str, outcome: str) -> str:
    """Return the name of a counter of what an exporter was given, for `Telemetry.note`.

    `outcome` is sent, retried, rejected (by the other side), dead_lettered, missed (could not be kept, by one
    that is not required) or unsupported (it has no form for calls that were written through the API).
    """
    return f"{_EXPORTER}{outcome}:{exporter}"


def exporter_and_outcome(name: str) -> tuple[str, str] | None:
    """Return what `exported_by` was told; None for any other name."""
    if not name.startswith(_EXPORTER):
        return None
    outcome, _, exporter = name.removeprefix(_EXPORTER).partition(":")
    return exporter, outcome
