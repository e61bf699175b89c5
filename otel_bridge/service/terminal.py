"""The terminal that a bridge was started in: when it goes away, nobody wants another configuration."""

from __future__ import annotations

import os
from typing import Final

TERMINAL: Final = "/dev/tty"


def has_terminal() -> bool:
    """Tell whether this process has a controlling terminal now (tty(4))."""
    try:
        os.close(os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
