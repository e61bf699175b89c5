"""Checks a part of a file against its model, and says what is wrong in the words and places of the file."""

from __future__ import annotations

from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from otel_bridge.config_file.problems import Problem, did_you_mean, line_of, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

    from otel_bridge.config_file.document import Document
    from otel_bridge.config_file.problems import Place

TAG = "type"
"""The key that tells which of several models a map is read by."""


def checked(model: type[Any], content: Any, place: Place, document: Document) -> Any:
    """Return the model of what stands at a place; None, and the problems in `document`, when it is none."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            document.problems.append(_problem(model, found, content, place, document))
        return None


def _problem(
    model: type[BaseModel], found: ErrorDetails, content: Any, place: Place, document: Document
) -> Problem:
    inside = tuple(_written(found["loc"], content, is_missing=found["type"] == "missing"))
    where = (*place, *inside)
    context = found.get("ctx", {})
    match found["type"]:
        case "extra_forbidden":
            hint = did_you_mean(str(inside[-1]), _keys(model, found["loc"][:-1]))
            text = f"{spelled(where)}: unknown key{hint}"
        case "missing":
            text = f"{spelled(where)} is missing"
        case "union_tag_not_found":
            text = f"{spelled((*where, TAG))} is missing"
        case "union_tag_invalid":
            tags = [tag.strip().strip("'") for tag in context["expected_tags"].split(",")]
            where = (*where, TAG)
            text = f"{spelled(where)}: there is no {context['tag']}{did_you_mean(context['tag'], tags)}"
        case _:
            text = f"{spelled(where)}: {found['msg'].removeprefix('Value error, ')}"
    return Problem(line_of(where, document.lines), text)


def _written(steps: Place, content: Any, *, is_missing: bool) -> Iterator[str | int]:
    """Yield the keys and list positions of a place, without the branches of unions that pydantic adds."""
    here = content
    for at, step in enumerate(steps):
        last = at == len(steps) - 1
        match here:
            case dict() if step in here and (last or here.get(TAG) != step):
                here = here[step]
            case dict() if last and is_missing:
                pass
            case list() if isinstance(step, int):
                here = here[step] if step < len(here) else None
            case _:
                continue
        yield step


def _keys(model: type[BaseModel], steps: Place) -> list[str]:
    """Return the keys that the map at a place may have."""
    here: Any = model
    for step in steps:
        here = _inside(here, step)
    return sorted({field.alias or name for one in _models(here) for name, field in one.model_fields.items()})


def _inside(annotation: Any, step: str | int) -> Any:
    """Return the annotation of what a step leads to."""
    inner = _bare(annotation)
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        fields = {field.alias or name: field for name, field in inner.model_fields.items()}
        return fields[str(step)].annotation if step in fields else None
    if get_origin(inner) is dict:
        return get_args(inner)[1]
    if get_origin(inner) in {list, tuple}:
        return get_args(inner)[0]
    tagged = (one for one in _models(inner) if step in _tags(one))
    return next(tagged, None) or next(
        (found for one in _models(inner) if (found := _inside(one, step))), None
    )


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Return the models that a union has, or the one that an annotation is."""
    inner = _bare(annotation)
    if get_origin(inner) in {Union, UnionType}:
        return [model for one in get_args(inner) for model in _models(one)]
    return [inner] if isinstance(inner, type) and issubclass(inner, BaseModel) else []


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    field = model.model_fields.get(TAG)
    return () if field is None or get_origin(field.annotation) is not Literal else get_args(field.annotation)
