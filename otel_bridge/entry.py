"""Where the program begins. A probe runs every few seconds: it does not pay for other commands."""

from __future__ import annotations

import sys
from typing import NoReturn

PROBE = "healthcheck"


def main() -> NoReturn:
    """Run the program and exit."""
    if sys.argv[1:2] == [PROBE]:
        from otel_bridge.commands.healthcheck import main as probe  # noqa: PLC0415 - see above

        probe(sys.argv[2:])
    from otel_bridge.cli import main as run  # noqa: PLC0415 - see above

    run()
