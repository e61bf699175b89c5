"""Values of stored objects as they were before the SDK published them."""

from __future__ import annotations

from typing import Any, Final

from otel_bridge.scorer.nested import REF

CLASS_MEMBERS: Final = frozenset({"_type", "_class_name", "_bases"})
"""What the SDK adds to objects to name their classes."""


def plain(value: Any) -> Any:
    """Return a value without names of classes, with refs where objects were put in their place."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        if isinstance(value.get(REF), str):
            return value[REF]
        return {name: plain(one) for name, one in value.items() if name not in CLASS_MEMBERS}
    return value
