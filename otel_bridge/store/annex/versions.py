"""Which version of an object is meant (`contract/weave-api.md` §5.3: `latest`, `vN` or a digest)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otel_bridge.model.annex import Version

LATEST: Final = "latest"
_NUMBERED: Final = re.compile(r"v(\d{1,9})")


def latest(versions: Iterable[Version]) -> Version | None:
    """Return the newest version that is not deleted."""
    alive = (one for one in versions if one.deleted_at is None)
    return max(alive, key=lambda one: (one.created_at, one.number), default=None)


def named(versions: Sequence[Version], digest: str) -> Version | None:
    """Return the version of a digest, or of `vN`; a deleted one too."""
    exact = next((one for one in versions if one.digest == digest), None)
    if exact is not None:
        return exact
    number = _NUMBERED.fullmatch(digest)
    if number is None:
        return None
    return next((one for one in versions if one.number == int(number[1])), None)


def chosen(versions: Sequence[Version], digest: str) -> Version | None:
    """Return the version that `latest`, `vN` or a digest means."""
    return latest(versions) if digest == LATEST else named(versions, digest)
