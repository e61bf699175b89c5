"""How the property tests draw their examples, and what every test process starts with."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

_BUSY_MACHINE = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
"""How long an example takes says something about the machine, not about the product."""

settings.register_profile("same", derandomize=True, max_examples=34, **_BUSY_MACHINE)
settings.register_profile("new", max_examples=100, **_BUSY_MACHINE)
settings.load_profile("same")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell: programs that tests
    signal.signal(signal.SIGINT, signal.default_int_handler)  # start would be deaf to Ctrl-C as well
