"""What a key wants decides what its text becomes: the text itself, or what it means as YAML.

`0123` is a text for a key that takes text, and a number elsewhere. An empty value in the place of a map is a
map of nothing, so all its defaults.
"""

from __future__ import annotations

from pkgutil import resolve_name
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr

from otel_bridge.config_file.nodes import Plain, plain
from otel_bridge.config_file.problems import BadConfig, Rank
from otel_bridge.config_file.yaml_tree import meaning, parsed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic.fields import FieldInfo

TAG: Final = "type"
"""The key that tells by which of several models a map is read."""


class Later:
    """Says of a key for a map where its model is (`module:Name`): it is loaded when the key is there."""

    def __init__(self, where: str) -> None:
        self.where = where

    @property
    def model(self) -> type[BaseModel]:
        """Return the model."""
        found: type[BaseModel] = resolve_name(self.where)
        return found


_NOTHING: Final = frozenset({"", "~", "null"})


def as_wanted(value: Any, annotation: Any) -> Any:
    """Return a value with every text in it as a type wants it."""
    kinds = leaves(annotation)
    if isinstance(value, Plain):
        value = _text_or_meaning(value, kinds)
    models = models_of(annotation)
    if value is None and models and NoneType not in kinds:
        return {}
    if isinstance(value, list):
        inner = (_arguments(kinds, list) or _arguments(kinds, tuple) or (Any,))[0]
        return [as_wanted(each, inner) for each in value]
    if isinstance(value, dict) and models:
        return _map(value, keys_of(_fitting(models, value)))
    if isinstance(value, dict):
        inner = (_arguments(kinds, dict) or (str, Any))[1]
        return {name: as_wanted(each, inner) for name, each in value.items()}
    return value


def _map(value: Mapping[str, Any], keys: Mapping[str, FieldInfo]) -> dict[str, Any]:
    """Return the map of a model; a secret that is a whole file is read again when it is used."""
    wanted: dict[str, Any] = {}
    for name, each in value.items():
        if f"{name}_file" in keys and isinstance(each, Plain) and each.path is not None:
            wanted[f"{name}_file"] = each.path
        else:
            wanted[name] = as_wanted(each, keys[name].annotation if name in keys else Any)
    return wanted


def _text_or_meaning(text: Plain, kinds: Sequence[Any]) -> Any:
    if str in kinds or SecretStr in kinds:
        return text
    if NoneType in kinds and text.strip() in _NOTHING:
        return None
    if Any in kinds or any(_holds_others(kind) for kind in kinds):
        meant = _parsed(text)
        return meaning(meant) if isinstance(meant, Plain) and Any in kinds else meant
    return text


def _parsed(text: Plain) -> Any:
    """Return what a text is as YAML, itself when it is none."""
    try:
        return plain(parsed(text, "", Rank.SET))
    except BadConfig:
        return text


def leaves(annotation: Any) -> list[Any]:
    """Return the types that a union or an annotated type is made of."""
    if get_origin(annotation) in {list, dict, tuple, Literal}:
        return [annotation]
    inner = get_args(annotation)
    if get_origin(annotation) is Annotated:
        inner = inner[:1]
    return [leaf for each in inner for leaf in leaves(each)] if inner else [annotation]


def models_of(annotation: Any) -> list[type[BaseModel]]:
    """Return the models that a value may be."""
    return [leaf for leaf in leaves(annotation) if isinstance(leaf, type) and issubclass(leaf, BaseModel)]


def keys_of(models: Sequence[type[BaseModel]]) -> dict[str, FieldInfo]:
    """Return the keys that a map of one of these models may have, as they are written."""
    return {
        field.alias or name: field for model in reversed(models) for name, field in model.model_fields.items()
    }


def later(field: FieldInfo) -> Later | None:
    """Return where the model of a key is, when it is to be loaded later."""
    return next((one for one in field.metadata if isinstance(one, Later)), None)


def member(annotation: Any, part: str | int) -> Any:
    """Return the type of a member of a map or a list, None when there is none of this name."""
    kinds = leaves(annotation)
    if inner := _arguments(kinds, dict):
        return inner[-1]
    if inner := _arguments(kinds, list) or _arguments(kinds, tuple):
        return inner[0]
    field = keys_of(models_of(annotation)).get(str(part))
    return None if field is None else field.annotation


def _fitting(models: Sequence[type[BaseModel]], value: Mapping[str, Any]) -> Sequence[type[BaseModel]]:
    """Return the models that a map says it is read by, all of them when it does not say."""
    tag = value.get(TAG)
    tags = {model: model.model_fields[TAG] for model in models if TAG in model.model_fields}
    fitting = [model for model, field in tags.items() if tag in get_args(field.annotation)]
    return fitting or models


def _arguments(kinds: Sequence[Any], container: type) -> tuple[Any, ...]:
    return next((get_args(kind) for kind in kinds if get_origin(kind) is container), ())


def _holds_others(kind: Any) -> bool:
    return get_origin(kind) in {list, dict, tuple} or (isinstance(kind, type) and issubclass(kind, BaseModel))
