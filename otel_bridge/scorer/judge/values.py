"""What placeholders may name: the inputs of a call, its output, and what a column map adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_bridge.scorer.fields import reader
from otel_bridge.scorer.kinds import check_field
from otel_bridge.scorer.recording import the_arguments
from otel_bridge.scorer.unwrapping import unwrapped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msgspec import Raw


def values_of(call: Mapping[str, Any], column_map: Mapping[str, str] | None) -> dict[str, Any]:
    """Return values by the names that a prompt uses.

    As in Weave, these are the inputs without `self`, `inputs` for all of them and `output`. What a span has
    under one attribute is that value: `{output}` of `{"output.value": "hi"}` is `hi`, and so is
    `{output.output.value}`; `{inputs}` and, unless an input is called so, `{input}` are the inputs likewise.
    A column map gives, for a name that no input has, the input that fills it, or a place in the call
    (`output.text`, `attributes.expected`).
    """
    found = call.get("inputs")
    own = {name: one for name, one in found.items() if name != "self"} if isinstance(found, dict) else {}
    asked, input_key = unwrapped(call, "inputs")
    answer, output_key = unwrapped(call, "output")
    values = {
        "inputs": own if input_key is None and isinstance(found, dict) else asked,
        **own,
        "output": answer,
    }
    if input_key is not None:
        values.setdefault("input", asked)
    if output_key is not None:
        values.setdefault(f"output.{output_key}", answer)
    for name, source in (column_map or {}).items():
        value = own[source] if source in own else _at(source, call)
        if value is not None:
            values.setdefault(name, value)
    return values


def recorded(call: Mapping[str, Any], values: Mapping[str, Any], placeholders: Sequence[str]) -> Raw:
    """Return, as JSON, the values that a prompt asked for; a large one is told by the ref of the call."""
    names = dict.fromkeys(_name(one, values) for one in placeholders)
    return the_arguments({name: values[name] for name in names if name in values}, call)


def _at(source: str, call: Mapping[str, Any]) -> Any:
    try:
        return reader(check_field(source))(call)
    except ValueError:  # the name of an input that is not there
        return None


def _name(placeholder: str, values: Mapping[str, Any]) -> str:
    """Return the name that a placeholder begins with, which may have dots in it."""
    path = placeholder.partition("[")[0].split(".")
    longest = (".".join(path[:size]) for size in range(len(path), 0, -1))
    return next((name for name in longest if name in values), path[0])
