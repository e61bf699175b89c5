"""What is counted of reloads (`contract/pipeline-config.md` part 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import Counter, Gauge

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

APPLIED: Final = "applied"
OUTCOMES: Final = (APPLIED, "invalid", "needs_restart", "failed")
"""What may become of a reload: it runs now; or it is wrong, cannot be taken over, or did not open."""


class ReloadMetrics:
    """Counts reloads, each outcome from the start, and tells whether the last one succeeded."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._reloads = Counter(
            "otel_bridge_config_reloads",
            "times the configuration was read again, by what became of it",
            ["outcome"],
            registry=registry,
        )
        for outcome in OUTCOMES:
            self._reloads.labels(outcome)
        self._succeeded = Gauge(
            "otel_bridge_config_reload_last_success",
            "1 while the configuration that is written runs, 0 when it could not be taken over",
            registry=registry,
        )
        self._succeeded.set(1)

    def ended(self, outcome: str) -> None:
        """Count a reload; `outcome` is one of `OUTCOMES`."""
        self._reloads.labels(outcome).inc()
        self._succeeded.set(outcome == APPLIED)
