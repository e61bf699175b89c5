"""A tree against the models: what is right becomes components, what is wrong a problem with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec import Struct
from pydantic import BaseModel, ValidationError

from otel_bridge.config_file.ids import ID
from otel_bridge.config_file.nodes import Plain, found, plain
from otel_bridge.config_file.problems import spelled
from otel_bridge.config_file.registry import KINDS, TYPES, type_of
from otel_bridge.config_file.service import Pipeline, Service, Shell
from otel_bridge.config_file.wanting import TAG, as_wanted, keys_of, later, member, models_of
from otel_bridge.spelling import did_you_mean
from otel_bridge.words import words_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from otel_bridge.config_file.document import Document
    from otel_bridge.config_file.problems import Place
    from otel_bridge.config_file.registry import Kind

ModelT = TypeVar("ModelT", bound=BaseModel)
Components = dict["Kind", dict[str, BaseModel]]

NOT_NEEDED: Final = {
    "batch": "batches are made behind the queue, see sending_queue.batch of the exporter",
    "queuebatch": "batches are made behind the queue, see sending_queue.batch of the exporter",
}
"""Types that people bring from their collector, and what they are to use instead."""


class Checked(Struct, frozen=True):
    """What of a document is right. `service` is None, and `whole` False, when something of it is not."""

    service: Service | None
    pipelines: Mapping[str, Pipeline]
    components: Components
    whole: bool


def check(document: Document) -> Checked:
    """Return what of a document is right; what is not is noted in it."""
    content = plain(document.tree)
    if not isinstance(content, dict):
        document.problem((), "empty, or no map of receivers, exporters and service")
        return Checked(None, {}, {kind: {} for kind in KINDS}, whole=False)
    names = {kind: dict.fromkeys(content[kind]) for kind in KINDS if isinstance(content.get(kind), dict)}
    given, pipelines = _pipelines(content.get("service"), document)
    service = {"service": given} if "service" in content else {}
    shell = checked(Shell, {**content, **names, **service}, (), document)
    components = {kind: _components(kind, content.get(kind), document) for kind in KINDS}
    if shell is None:
        return Checked(None, pipelines, components, whole=False)
    return Checked(
        shell.service.model_copy(update={"pipelines": pipelines}),
        pipelines,
        components,
        whole=len(pipelines) == len(shell.service.pipelines),
    )


def _pipelines(service: Any, document: Document) -> tuple[Any, dict[str, Pipeline]]:
    """Check each pipeline by itself; return the service with any right one in the place of each."""
    given = service.get("pipelines") if isinstance(service, dict) else None
    if not isinstance(given, dict):
        return service, {}
    right = {}
    for name, content in given.items():
        pipeline = checked(Pipeline, content, ("service", "pipelines", name), document)
        if pipeline is not None:
            right[name] = pipeline
    any_one = Pipeline(receivers=["otlp"], exporters=["store"])
    return {**service, "pipelines": dict.fromkeys(given, any_one)}, right


def _components(kind: Kind, content: Any, document: Document) -> dict[str, BaseModel]:
    """Check the components of one map; those that are wrong are noted and left out."""
    right: dict[str, BaseModel] = {}
    for name, keys in content.items() if isinstance(content, dict) else ():
        if not ID.fullmatch(name):
            document.problem_with_key((kind, name), f"{kind}: {name} is no TYPE or TYPE/NAME")
            continue
        known = TYPES[kind].get(type_of(name))
        if known is None:
            document.problem_with_key(
                (kind, name), f"{kind}: unknown type {type_of(name)}{_hint(kind, name)}"
            )
            continue
        component = checked(known.model, keys, (kind, name), document)
        if component is not None:
            right[name] = component
    return right


def _hint(kind: Kind, name: str) -> str:
    word = type_of(name)
    if word in NOT_NEEDED:
        return f"; {NOT_NEEDED[word]}"
    others = [other for other in KINDS if word in TYPES[other]]
    return f"; it is one of the {others[0]}" if others else did_you_mean(word, TYPES[kind])


def checked(model: type[ModelT], content: Any, place: Place, document: Document) -> ModelT | None:
    """Return a part of a document as its model; None when it is wrong, which is noted."""
    loaded = _loaded_later(model, content, place, document)
    wanted = as_wanted(content, model)
    try:
        return model.model_validate({**wanted, **loaded} if loaded else wanted)
    except ValidationError as error:
        told = _told(error.errors(include_url=False, include_input=False))
        placed = [(wrong, _where(wrong, place, document)) for wrong in told]
        seen: set[Place] = set()
        for wrong, where in placed:
            if where in seen and len(where) < len(place) + len(wrong["loc"]):
                continue  # another branch of a union that says the same in other words
            if wrong["type"] == "string_type" and _is_said_better(where, placed):
                continue
            seen.add(where)
            _note(model, wrong, (place, where), document)
        return None


def _is_said_better(where: Place, placed: list[tuple[ErrorDetails, Place]]) -> bool:
    """Tell whether a list or a map that might have been a text was read as what it is."""
    return any(wrong["type"] != "string_type" and other[: len(where)] == where for wrong, other in placed)


def _told(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out that a list is too short where something in it is wrong: pydantic did not count that."""
    inside = {error["loc"][:at] for error in errors for at in range(len(error["loc"]))}
    return [error for error in errors if error["type"] != "too_short" or error["loc"] not in inside]


def _loaded_later(
    model: type[BaseModel], content: Any, place: Place, document: Document
) -> dict[str, BaseModel | None]:
    """Check the keys of a map whose models are loaded only when the keys are there."""
    if not isinstance(content, dict):
        return {}
    found_there = {name: later(field) for name, field in keys_of([model]).items() if name in content}
    return {
        name: checked(one.model, content[name], (*place, name), document)
        for name, one in found_there.items()
        if one is not None
    }


def _where(wrong: ErrorDetails, place: Place, document: Document) -> Place:
    """Return the place of an error without the names of a union's branches, which are no keys."""
    where = place
    for at, part in enumerate(wrong["loc"], 1):
        is_last = at == len(wrong["loc"])
        tag = found(document.tree, (*where, TAG))
        is_branch = tag is not None and tag.value == part and not is_last
        if (is_last and wrong["type"] == "missing") or (document.has((*where, part)) and not is_branch):
            where = (*where, part)
    return where


def _note(
    model: type[BaseModel], wrong: ErrorDetails, places: tuple[Place, Place], document: Document
) -> None:
    place, where = places
    match wrong["type"]:
        case "extra_forbidden":
            known = keys_of(models_of(_type_at(model, where[len(place) : -1])))
            hint = did_you_mean(str(where[-1]), known)
            document.problem_with_key(where, f"{spelled(where)}: unknown key{hint}")
        case "missing":
            document.problem(where, f"{spelled(where)} is missing")
        case "union_tag_not_found" if document.has_members(where):
            document.problem_with_key(where, f"{spelled((*where, TAG))} is missing")
        case "union_tag_invalid":
            tag, tags = wrong["ctx"]["tag"], wrong["ctx"]["expected_tags"].replace("'", "").split(", ")
            where = (*where, TAG)
            document.problem(where, f"{spelled(where)}: there is no {tag}{did_you_mean(tag, tags)}")
        case _:
            document.problem(where, f"{_named(where, document)}: {_said(wrong, where, document)}")


def _type_at(annotation: Any, inside: Place) -> Any:
    for part in inside:
        annotation = member(annotation, part)
    return annotation


def _named(where: Place, document: Document) -> str:
    """Name a place, and the variables and files its value was taken from."""
    node = found(document.tree, where)
    via = node.via if node is not None else ()
    return f"{spelled(where)} (from {', '.join(via)})" if via else spelled(where)


def _said(wrong: ErrorDetails, where: Place, document: Document) -> str:
    """Say what is wrong, without what a file holds."""
    text = words_for(wrong)
    node = found(document.tree, where)
    value = None if node is None else node.value
    if isinstance(value, Plain) and value.path is not None and value:
        text = text.replace(repr(str(value)), "what it holds").replace(value, "what it holds")
    return text
