"""How the property tests draw their examples."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

_BUSY_MACHINE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
"""How long an example takes says something about the machine, not about the product."""

settings.register_profile("same", derandomize=True, **_BUSY_MACHINE)
settings.register_profile("new", **_BUSY_MACHINE)
settings.load_profile("same")
