"""`otel-bridge scorers`: what can be used, why something cannot, and which kinds there are to describe."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic_core import PydanticUndefined
from rich.table import Table
from rich.text import Text

from otel_bridge.commands import shown
from otel_bridge.commands.failing import told
from otel_bridge.commands.remote import RemoteSource
from otel_bridge.commands.scoring_inline import KINDS
from otel_bridge.commands.screen import terminal
from otel_bridge.commands.source import checked_project
from otel_bridge.scorer.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

_COMMON = frozenset(Kind.model_fields) | {"type"}


def list_scorers(*, url: str, project: str, as_json: bool) -> None:
    """Show the scorers of a bridge and a project, and the kinds with their settings."""
    checked_project(project)
    with told(), closing(RemoteSource(url)) as bridge:
        found = bridge.look("/bridge/scorers", project_id=project)["scorers"]
    kinds = [{"kind": name, "settings": dict(_settings(model))} for name, model in KINDS.items()]
    if as_json:
        sys.stdout.write(msgspec.json.encode({"scorers": found, "kinds": kinds}).decode() + "\n")
        return
    console = terminal()
    console.print(_scorers(_once(found)), soft_wrap=True)
    console.print()
    console.print(_kinds(kinds), soft_wrap=True)


def _once(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what was published of scorers that are registered: their names give the present version."""
    registered = {one["name"] for one in found if not one["ref"] and one["usable"]}
    return [one for one in found if not one["ref"] or one["name"] not in registered]


def _scorers(found: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("scorer", "kind", "from", "usable"):
        table.add_column(title, no_wrap=True)
    table.add_column("what it does, or why it cannot be used")
    for one in sorted(found, key=lambda one: (not one["usable"], one["name"])):
        said = one["description"] if one["usable"] else one["why_not"]
        table.add_row(
            Text(shown.in_line(one["name"])),
            one["kind"] or "",
            "the project" if one["ref"] else "the bridge",
            "yes" if one["usable"] else Text("no", style="red"),
            Text(shown.in_line(said or "")),
        )
    return table


def _kinds(kinds: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("kind", no_wrap=True)
    table.add_column("settings, as in KIND:key=value,…")
    for one in kinds:
        table.add_row(one["kind"], Text(", ".join(f"{key}={said}" for key, said in one["settings"].items())))
    return table


def _settings(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        if name not in _COMMON:
            yield field.alias or name, _default(field)


def _default(field: FieldInfo) -> str:
    if field.is_required() or field.default is PydanticUndefined:
        return "…"
    return msgspec.json.encode(field.get_default(call_default_factory=True)).decode()
