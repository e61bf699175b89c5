"""How the work of the writer is paced: what is committed together, and when upkeep has its turn."""

from __future__ import annotations

from typing import Final

GROUP_BYTES: Final = 2 << 20
"""Decoded bytes of the requests that are committed together; a larger request goes alone."""
SMALL_GROUP_BYTES: Final = 512 << 10
"""What is worth a commit of its own while more waits: each costs some pages of every index."""
RECEIVE_BYTES: Final = 1 << 20
MAINTAIN_SECONDS: Final = 0.25
"""Between two steps of upkeep while requests keep coming."""
BACKLOG_SECONDS: Final = 0.05
"""The same while upkeep is behind: some thousand old calls a second go, whatever comes in."""
IDLE_SECONDS: Final = 1.0
"""Between two looks for upkeep while nothing comes."""
QUEUE_GROUP_SECONDS: Final = 0.002
"""Requests for the queue that come within this time of the last commit wait to be committed together."""
SWITCH_SECONDS: Final = 0.0005
"""How long the commit thread may have to wait for the interpreter (5 ms by default)."""
