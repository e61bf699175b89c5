"""Which arguments a Python scorer gets, matched by name (`contract/weave-api.md` §4.3).

`output` is the call's output (`model_output` as in older scorers), `call` the whole call. Every other
parameter is the input of its name, else the input that the column map names for it, as in Weave's SDK; then
`inputs`, all of them; then its default. `self` of the call is no input.
"""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from otel_bridge.scorer.base import ScorerFailed, Unusable
from otel_bridge.scorer.fields import reader
from otel_bridge.scorer.kinds import check_field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OUTPUTS: Final = frozenset({"output", "model_output"})
MAX_NAMES: Final = 20
"""Inputs that an error tells."""
_NOTHING: Final = object()


class Arguments(Struct, frozen=True):
    """What one call gives: `by_name` is what is recorded, `positional` names those that go by position."""

    by_name: dict[str, Any]
    positional: tuple[str, ...]

    def call(self, score: Callable[..., Any]) -> Any:
        """Call a scorer with them."""
        if not self.positional:
            return score(**self.by_name)
        rest = {name: value for name, value in self.by_name.items() if name not in self.positional}
        return score(*(self.by_name[name] for name in self.positional), **rest)


class Matcher:
    """Finds the arguments of one scorer; `fixed` are parameters that are set already."""

    def __init__(
        self, signature: Signature, column_map: Mapping[str, str] | None, fixed: frozenset[str] = frozenset()
    ) -> None:
        every = signature.parameters.values()
        self._named = [p for p in every if p.kind not in _VARIADIC and p.name not in fixed]
        self._takes_all = column_map is None and any(p.kind is Parameter.VAR_KEYWORD for p in every)
        self._fixed = fixed
        self._map = dict(column_map or {})
        self._readers = {name: found for name, source in self._map.items() if (found := _place(source))}
        self._positional = tuple(p.name for p in self._named if p.kind is Parameter.POSITIONAL_ONLY)
        names = [p.name for p in self._named]
        if unknown := [name for name in self._map if name not in names]:
            raise Unusable(
                f"column_map names {_listed(unknown)}, no parameter of the scorer; it takes {_listed(names)}"
            )

    def match(self, call: Mapping[str, Any]) -> Arguments:
        """Return the arguments that a call gives; raise ScorerFailed, naming what nothing fills."""
        found = call.get("inputs")
        inputs = {n: v for n, v in found.items() if n != "self"} if isinstance(found, dict) else {}
        given: dict[str, Any] = {}
        unfilled = []
        for parameter in self._named:
            value = self._value(parameter.name, inputs, call)
            if value is not _NOTHING:
                given[parameter.name] = value
            elif parameter.default is Parameter.empty:
                unfilled.append(parameter.name)
            elif parameter.kind is Parameter.POSITIONAL_ONLY:
                given[parameter.name] = parameter.default
        if unfilled:
            raise ScorerFailed(self._explained(unfilled, inputs))
        if self._takes_all:
            rest = {n: v for n, v in inputs.items() if n not in given and n not in self._fixed}
            given = {"inputs": inputs, **given, **rest}
        return Arguments(given, self._positional)

    def _value(self, name: str, inputs: Mapping[str, Any], call: Mapping[str, Any]) -> Any:
        if name in OUTPUTS:
            return call.get("output")
        if name == "call":
            return call
        if name in inputs:
            return inputs[name]
        source = self._map.get(name)
        if source is not None and source in inputs:
            return inputs[source]
        if name in self._readers and (value := self._readers[name](call)) is not None:
            return value
        return inputs if name == "inputs" else _NOTHING

    def _explained(self, unfilled: list[str], inputs: Mapping[str, Any]) -> str:
        mapped = [f"{name} (mapped to {self._map[name]})" if name in self._map else name for name in unfilled]
        there = f"it has {_listed(list(inputs))}" if inputs else "it has none"
        return f"the call has no input for the scorer's parameter {_listed(mapped)}; {there}"


_VARIADIC: Final = frozenset({Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL})


def _place(source: str) -> Callable[[Mapping[str, Any]], Any] | None:
    """Return what reads a field of the call, `attributes.expected`; None for the name of an input."""
    try:
        return reader(check_field(source))
    except ValueError:
        return None


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:MAX_NAMES])
    return f"{shown} and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else shown
