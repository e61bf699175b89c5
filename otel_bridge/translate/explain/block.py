"""The trees of a call: its inputs, its output, its attributes and its usage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from otel_bridge.translate.calls import repeats_children, shows_all
from otel_bridge.translate.explain.choose import PAYLOADS
from otel_bridge.translate.explain.report import Field, Lost, Said
from otel_bridge.translate.fields import BLOCK, FIELDS
from otel_bridge.translate.tables.usage import AGGREGATED, USAGE
from otel_bridge.translate.tree import unflatten
from otel_bridge.translate.usage import UNNAMED_MODEL, aggregated, model_of, usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otel_bridge.model.span import Attributes
    from otel_bridge.translate.explain.choose import Chooser
    from otel_bridge.translate.lookup import Found
    from otel_bridge.translate.options import Options

AGGREGATED_USAGE: Final = "aggregated_usage"

_INNER: Final = frozenset({*AGGREGATED, "vercel_operation", "spoken_name", "error_type", "attributes"})
"""Fields of the tables that are no fields of a call."""

TREE_RULE: Final = "all attributes of the span as a tree, because none of them is one that Weave maps"


class Trees(Struct, frozen=True):
    """The fields of the trees, and whether the attributes are all of the span's."""

    fields: tuple[Field, ...]
    shows_all: bool


def trees(attributes: Attributes, found: Found, chooser: Chooser, options: Options) -> Trees:
    """Explain inputs, output, attributes and usage."""
    payloads = [field for name in ("inputs", "output") if (field := chooser.field(name, (name,)))]
    block = {name: field for name in BLOCK if (field := chooser.field(name, ("attributes", name)))}
    values: dict[str, Any] = {name: field.value for name, field in block.items()}
    tokens, sums = usage(found), aggregated(found)
    counts = tuple(_counts(chooser, tokens, ""))
    apart: list[Field] = []
    reason = "the sender says that they are its children's"
    if tokens and repeats_children(found, values, options):
        reason = _wrapper_reason(found, values)
        apart = list(_apart(counts, chooser, sums | tokens, reason))
        tokens, counts = {}, ()
    elif sums:
        apart = list(_apart((), chooser, sums, reason))
    whole = shows_all(found, (values, apart, tokens, any(field.value is not None for field in payloads)))
    attributes_fields = _attributes(attributes, [*block.values(), *apart], chooser, whole=whole)
    return Trees((*payloads, *attributes_fields, *_usage(values, tokens, counts)), whole)


def silent(chooser: Chooser) -> Iterator[Field]:
    """Yield the fields that stay empty: inputs and output, and what is sent in a way that cannot be read."""
    for name in FIELDS:
        if name not in _INNER and chooser.field(name, ()) is None:
            lost = chooser.lost(name)
            if lost or name in PAYLOADS:
                rule = "no source of it can be read" if lost else "no source of it is there"
                yield Field(path=_path(name), value=None, rule=rule, lost=lost)


def _path(name: str) -> tuple[str, ...]:
    if name in BLOCK:
        return "attributes", name
    return ("summary", "usage", name) if name in USAGE else (name,)


def _wrapper_reason(found: Found, values: Mapping[str, Any]) -> str:
    operation = found.pick("vercel_operation")
    kind = values.get("kind")
    what = f"the kind is {kind}" if kind else f"the operation is {operation}"
    return f"{what}, and such spans repeat their children's tokens (--usage-on-wrappers keep counts them too)"


def _counts(chooser: Chooser, counts: Mapping[str, int], prefix: str) -> Iterator[Field]:
    for name in USAGE:
        if name in counts:
            yield chooser.field(prefix + name, (name,)) or Field(
                path=(name,), value=counts[name], rule="added up: input_tokens + output_tokens"
            )


def _apart(own: tuple[Field, ...], chooser: Chooser, sums: dict[str, int], reason: str) -> Iterator[Field]:
    """Yield the counts that are its children's: the span's own, and those that its sender calls sums."""
    path = ("attributes", AGGREGATED_USAGE)
    yield Field(path=path, value=sums, rule=f"set apart from usage: {reason}")
    known = {field.path[0]: field for field in (*_counts(chooser, sums, "aggregated_"), *own)}
    for name, field in known.items():
        yield replace(field, path=(*path, name))


def _attributes(
    attributes: Attributes, block: list[Field], chooser: Chooser, *, whole: bool
) -> Iterator[Field]:
    if whole:
        if attributes:
            yield Field(path=("attributes",), value=unflatten(attributes), rule=TREE_RULE)
        yield from block
        return
    custom = chooser.field("attributes", ("attributes",))
    set_outright = _custom(custom) if custom is not None else []
    beaten = {field.path[1]: field for field in block}
    yield from (field for field in block if field.path[1] not in {own.path[1] for own in set_outright})
    for field in set_outright:
        loser = beaten.get(field.path[1])
        lost = (Lost(loser.said, "wandb.attributes sets it"),) if loser and loser.said else ()
        yield replace(field, lost=lost)


def _custom(custom: Field) -> list[Field]:
    members = custom.value if type(custom.value) is dict else {"wandb_attributes": custom.value}
    rule = "what wandb.attributes says is merged on top"
    return [
        replace(custom, path=("attributes", name), value=value, rule=rule) for name, value in members.items()
    ]


def _usage(
    values: Mapping[str, Any], tokens: Mapping[str, int], counts: tuple[Field, ...]
) -> Iterator[Field]:
    if not tokens:
        return
    model = model_of(values)
    path = ("summary", "usage")
    yield Field(
        path=path,
        value={model: dict(tokens)},
        said=Said(key="attributes.model", told="call") if model != UNNAMED_MODEL else None,
        rule="under the model's name" if model != UNNAMED_MODEL else "no model is named",
    )
    for field in counts:
        yield replace(field, path=(*path, model, field.path[0]))
