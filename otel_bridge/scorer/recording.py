"""What is kept of the arguments of a run, for the call that records it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Raw

from otel_bridge.query.refs import call_ref

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ARGUMENT_BYTES: Final = 64 << 10
"""Of the JSON of one argument. For a larger one stands a ref to the call it is from."""


def ref_to(call: Mapping[str, Any]) -> str:
    """Return the ref of a call that is scored."""
    return call_ref(str(call.get("project_id")), str(call.get("id")))


def the_call(call: Mapping[str, Any]) -> Raw:
    """Return the inputs of a run that was given the call itself."""
    return Raw(msgspec.json.encode({"call": ref_to(call)}))


def the_arguments(given: Mapping[str, Any], call: Mapping[str, Any]) -> Raw:
    """Return the inputs of a run that was given arguments: compact JSON."""
    kept = {name: _kept(value, call) for name, value in given.items()}
    return Raw(msgspec.json.encode(kept))


def _kept(value: Any, call: Mapping[str, Any]) -> Any:
    if value is call:
        return ref_to(call)
    content = msgspec.json.encode(value)
    return Raw(content) if len(content) <= MAX_ARGUMENT_BYTES else ref_to(call)
