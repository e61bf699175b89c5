"""What a stored value says about its class (the SDK's `trace/serialization/object_class_util.py`)."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from otel_bridge.weave.fields import BadValue

_ROOT: Final = "BaseModel"
_BASES: Final = frozenset({"BaseObject", "Object"})
_LEAST_BASES: Final = 2


class Classes(NamedTuple):
    """A value, with its classes written into it where they were asked for."""

    val: Any
    base: str | None
    leaf: str | None


def classes_of(val: Any, asked: str | None) -> Classes:
    """Read the classes of a value, or give it the one that is asked for; raise BadValue."""
    if not isinstance(val, dict):
        if asked is not None:
            raise BadValue("builtin_object_class is for values that are objects")
        return Classes(val, None, None)
    bases, leaf = val.get("_bases"), val.get("_class_name")
    if isinstance(bases, list) and _are_of_a_class(bases) and isinstance(leaf, str):
        if asked not in {None, leaf}:
            raise BadValue(f"builtin_object_class is {asked}, but the value is of class {leaf}")
        base = bases[-3] if len(bases) > _LEAST_BASES else leaf
        return Classes(val, base if isinstance(base, str) else leaf, leaf)
    if asked is None:
        return Classes(val, None, None)
    named = {"_type": asked, **val, "_class_name": asked, "_bases": ["BaseObject", _ROOT]}
    return Classes(named, asked, asked)


def is_op(val: Any) -> bool:
    """Tell whether a value is an op."""
    match val:
        case {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}}:
            return True
        case _:
            return False


def _are_of_a_class(bases: list[Any]) -> bool:
    if len(bases) < _LEAST_BASES or bases[-1] != _ROOT:
        return False
    return isinstance(bases[-2], str) and bases[-2] in _BASES
