"""What the models say of their keys: the docstring below each field.

Read from the source when somebody asks, so that a bridge does not pay for it when it starts.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from textwrap import dedent
from typing import TYPE_CHECKING

from otel_bridge.config_file.wanting import keys_of, later, leaves, models_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel


@cache
def notes_of(model: type[BaseModel]) -> Mapping[str, str]:
    """Return key → what its docstring says, on one line; inherited keys first."""
    base = model.__base__
    notes = dict(notes_of(base)) if base is not None and getattr(base, "model_fields", None) else {}
    body = ast.parse(dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    for field, after in zip(body.body, body.body[1:], strict=False):
        match field, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str() as text)),
            ):
                notes[name] = " ".join(text.split())
            case _:
                pass
    return notes


def about(model: type[BaseModel]) -> str:
    """Return what a model's docstring says, on one line."""
    return " ".join((model.__doc__ or "").split())


def models_in(model: type[BaseModel]) -> list[type[BaseModel]]:
    """Return a model and all that are inside it, each once."""
    found = {model: None}
    inner = [each for field in model.model_fields.values() for each in _inside(field.annotation)]
    for each in (*inner, *later_of(model).values()):
        found |= dict.fromkeys(models_in(each))
    return list(found)


def later_of(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return the models of those keys whose models are loaded only when they are there."""
    found = {name: later(field) for name, field in keys_of([model]).items()}
    return {name: one.model for name, one in found.items() if one is not None}


def _inside(annotation: object) -> list[type[BaseModel]]:
    """Return the maps of known keys that a value is, or that a list or a map is of."""
    kinds = leaves(annotation)
    kinds += [leaf for kind in kinds for each in getattr(kind, "__args__", ()) for leaf in leaves(each)]
    return [
        model for kind in kinds for model in models_of(kind) if model.model_config.get("extra") == "forbid"
    ]
