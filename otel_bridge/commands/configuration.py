"""What people ask of a configuration: whether it is right, what it comes to, and what there is to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
import orjson

from otel_bridge.config_file.gates import GATES
from otel_bridge.config_file.notes import about
from otel_bridge.config_file.printing import as_yaml, document_of
from otel_bridge.config_file.registry import KINDS, TYPES
from otel_bridge.config_file.wanting import models_of
from otel_bridge.spelling import did_you_mean

if TYPE_CHECKING:
    from pydantic import BaseModel

    from otel_bridge.config_file.reading import Loaded
    from otel_bridge.config_file.registry import Component

SHAPES: Final = ("yaml", "json")


def say_valid(loaded: Loaded) -> None:
    """Say that a configuration is right, and what of it does nothing; raise BadSetting for bad keys."""
    from otel_bridge.service.securing import check_files  # noqa: PLC0415 - for this command only

    check_files(loaded.config)
    routes = ", ".join(route.name for route in loaded.graph.routes)
    click.echo(f"valid: {loaded.config.profile}, pipelines {routes}")
    for name in loaded.graph.unused:
        click.echo(f"{name} is used by nothing")


def print_loaded(loaded: Loaded, shape: str, *, redacted: bool) -> None:
    """Print a configuration, all defaults filled in."""
    _echo(document_of(loaded, redacted=redacted), shape)


@click.command()
@click.option("--format", "shape", type=click.Choice(SHAPES), default="yaml", show_default=True)
def components(shape: str) -> None:
    """List the receivers, processors, exporters, connectors and extensions there are, and their keys."""
    _echo({kind: [_described(name, one) for name, one in TYPES[kind].items()] for kind in KINDS}, shape)


@click.command()
@click.argument("gate", required=False)
@click.option("--format", "shape", type=click.Choice(SHAPES), default="yaml", show_default=True)
def featuregate(gate: str | None, shape: str) -> None:
    """List the feature gates there are, or one of them: how settled each is, and what it does."""
    if gate is not None and gate not in GATES:
        raise click.UsageError(f"there is no feature gate {gate}{did_you_mean(gate, GATES)}")
    shown = {name: one for name, one in GATES.items() if gate in {None, name}}
    _echo({name: {"stage": one.stage, "description": one.about} for name, one in shown.items()}, shape)


@click.command()
def schema() -> None:
    """Print the JSON Schema of configuration files, for editors: a file's keys, their types and meaning."""
    from otel_bridge.config_file.published import json_schema  # noqa: PLC0415 - for this command only

    _echo(json_schema(), "json")


def _described(name: str, component: Component) -> dict[str, Any]:
    stability = dict(component.signals) or component.settled
    return {
        "name": name,
        "description": about(component.model),
        "stability": stability,
        "keys": list(_keys(component.model)),
    }


def _keys(model: type[BaseModel], before: str = "") -> list[str]:
    """Return the keys of a component and of the maps inside it, with dots between."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        maps = [leaf for leaf in models_of(field.annotation) if leaf.model_config.get("extra") == "forbid"]
        found += [key for leaf in maps for key in _keys(leaf, f"{before}{name}.")] or [f"{before}{name}"]
    return found


def _echo(document: dict[str, Any], shape: str) -> None:
    if shape == "yaml":
        click.echo(as_yaml(document), nl=False)
    else:
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
