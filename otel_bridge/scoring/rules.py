"""Which calls a monitor scores, and with what: rules of the configuration and stored `Monitor` objects. Pure.

What the SDK publishes: `contract/weave-api.md` §4.3; op names are refs there (`weave:///e/p/op/NAME:*`).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from otel_bridge.query.refs import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from otel_bridge.scorer.settings import MonitorSettings

MONITOR: Final = "Monitor"
"""The class of stored monitors."""
OWN_MONITOR: Final = "OtelBridgeMonitor"
"""The class of what is published for a monitor of the configuration, so that its results can name it."""
_OWN_BASES: Final = ("Object", "BaseModel")
_CHANCES: Final = float(1 << 64)


class Rule(Struct, frozen=True, kw_only=True):
    """One monitor in one project. `ref` is what its results name as `trigger_ref`; `scorers` are refs."""

    name: str
    ref: str
    op_names: tuple[str, ...]
    query: dict[str, Any] | None
    sampling_rate: float
    scorers: tuple[str, ...]

    def samples(self, call_id: str) -> bool:
        """Tell whether a call is in the sample; a higher rate keeps all that a lower one has."""
        digest = blake2b(f"{self.name}\n{call_id}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) < self.sampling_rate * _CHANCES


class BadMonitor(ValueError):
    """A stored monitor that cannot be understood."""


def stored_rule(name: str, ref: str, val: Any) -> Rule | None:
    """Read a stored monitor, None when it is not active; raise BadMonitor."""
    if not isinstance(val, dict) or val.get("active") is not True:
        return None
    rate = val.get("sampling_rate", 1.0)
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise BadMonitor("sampling_rate is no number from 0 to 1")
    if val.get("scorer_debounce_config") is not None:
        raise BadMonitor("scorer_debounce_config is not offered: each call would be scored")
    query = val.get("query")
    if query is not None and not isinstance(query, dict):
        raise BadMonitor("query is no object")
    named = parsed(ref)
    project = named.project_id if named is not None else ""
    return Rule(
        name=name,
        ref=ref,
        op_names=op_names(_texts(val, "op_names"), project),
        query=None if query is None else _bare(query),
        sampling_rate=float(rate),
        scorers=_texts(val, "scorers"),
    )


def configured_rule(
    name: str, ref: str, settings: MonitorSettings, project: str, scorers: tuple[str, ...]
) -> Rule:
    """Return a monitor of the configuration as it is in one project."""
    return Rule(
        name=name,
        ref=ref,
        op_names=op_names(settings.op_names, project),
        query=settings.query,
        sampling_rate=settings.sampling_rate,
        scorers=scorers,
    )


def object_of(name: str, settings: MonitorSettings, scorers: tuple[str, ...]) -> dict[str, Any]:
    """Return what is published for a monitor of the configuration."""
    return {
        "_type": OWN_MONITOR,
        "_class_name": OWN_MONITOR,
        "_bases": list(_OWN_BASES),
        "name": name,
        "description": settings.description,
        "op_names": list(settings.op_names),
        "query": settings.query,
        "sampling_rate": settings.sampling_rate,
        "scorers": list(scorers),
    }


def op_names(names: Iterable[str], project: str) -> tuple[str, ...]:
    """Return how calls may be stored under these names: spans plainly, the SDK's by refs of any version."""
    found: dict[str, None] = {}
    for name in names:
        found[name] = None
        named = parsed(name)
        if named is None and not name.startswith("weave:"):
            found[f"weave:///{project}/op/{name}:*"] = None
        elif named is not None and named.kind == "op" and named.digest == "*":
            found[named.name] = None
    return tuple(found)


def _texts(val: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = val.get(key) or ()
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise BadMonitor(f"{key} is no list of texts")
    return tuple(found)


def _bare(value: Any) -> Any:
    """Take off the names of classes that the SDK puts into what it publishes."""
    if isinstance(value, dict):
        return {key: _bare(member) for key, member in value.items() if not key.startswith("_")}
    return [_bare(member) for member in value] if isinstance(value, list) else value
