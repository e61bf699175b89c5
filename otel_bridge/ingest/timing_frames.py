"""What the writer tells the service of how long its work takes."""

from __future__ import annotations

from msgspec import Struct


class Synced(Struct, frozen=True, tag="synced"):
    """A commit took so long."""

    seconds: float


class Worked(Struct, frozen=True, tag="worked"):
    """When requests were made ready (number, start, end) and then committed together (start, end).

    Told before they are answered, where the bridge has traces of its own. Nanoseconds since the Unix epoch.
    """

    requests: tuple[tuple[int, int, int], ...]
    commit: tuple[int, int]
