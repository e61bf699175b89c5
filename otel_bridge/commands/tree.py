"""`otel-bridge call ID`: a trace as a tree."""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec
from rich.text import Text
from rich.tree import Tree

from otel_bridge.commands import asking, shown
from otel_bridge.commands.failing import CommandFailed, told
from otel_bridge.commands.moments import local
from otel_bridge.commands.screen import terminal
from otel_bridge.commands.source import open_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from otel_bridge.commands.source import Source

    Children = Mapping[str | None, Sequence[Mapping[str, Any]]]

MAX_EXCEPTION_CHARACTERS = 200


def show_trace(*, data_dir: Path | None, url: str | None, project: str, call_id: str, as_json: bool) -> None:
    """Show the whole trace of a call, that call marked; `call_id` may be a trace's id."""
    with told(), open_source(data_dir, url, project) as source:
        lines = _trace(source, project, call_id)
        if as_json:
            sys.stdout.buffer.writelines(line + b"\n" for line in lines)
            sys.stdout.buffer.flush()
            return
        calls = [msgspec.json.decode(line) for line in lines]
        console = terminal()
        for tree in forest(calls, marked=call_id):
            console.print(tree)


def _trace(source: Source, project: str, call_id: str) -> list[bytes]:
    of = {"project_id": project, "include_costs": True}
    found = list(source.calls(of | {"filter": {"call_ids": [call_id]}, "columns": ["trace_id"]}))
    trace_id = msgspec.json.decode(found[0])["trace_id"] if found else call_id
    lines = list(source.calls(of | {"filter": {"trace_ids": [trace_id]}}))
    if not lines:
        raise CommandFailed(f"no call and no trace {call_id} in {project}; --project names another")
    return lines


def forest(calls: Sequence[Mapping[str, Any]], *, marked: str) -> Iterable[Tree]:
    """Make the trees of a trace: below calls without a known parent hang the others, in order of time."""
    known = {call["id"] for call in calls}
    children: defaultdict[str | None, list[Mapping[str, Any]]] = defaultdict(list)
    for call in calls:
        parent = call["parent_id"] if call["parent_id"] in known and call["parent_id"] != call["id"] else None
        children[parent].append(call)
    seen: set[str] = set()
    for root in [*children[None], *calls]:  # the second time for parents in a circle, below no root
        if root["id"] not in seen:
            tree = Tree(_label(root, marked), guide_style="dim")
            _grow(tree, root, children, seen, marked)
            yield tree


def _grow(tree: Tree, root: Mapping[str, Any], children: Children, seen: set[str], marked: str) -> None:
    """Hang what is below `root` into `tree`; traces may be deeper than Python's stack."""
    todo = [(tree, root)]
    seen.add(root["id"])
    while todo:
        branch, call = todo.pop()
        below = [child for child in children.get(call["id"], ()) if child["id"] not in seen]
        seen.update(child["id"] for child in below)
        todo += [(branch.add(_label(child, marked)), child) for child in below]


def _label(call: Mapping[str, Any], marked: str) -> Text:
    weave = shown.weave(call)
    status = weave["status"]
    tokens_in, tokens_out = shown.tokens(call)
    facts = [
        (shown.latency(weave.get("latency_ms")), "cyan"),
        (f"{tokens_in:,} → {tokens_out:,} tokens" if tokens_in or tokens_out else "", "blue"),
        (shown.money(shown.cost(call)), "green"),
        ("" if status == "success" else status.replace("_", " "), shown.color(status)),
        (local(call["started_at"], today=asking.now()) if call["parent_id"] is None else "", "dim"),
        (call["id"], "dim"),
    ]
    label = Text(shown.name(call), style="bold reverse" if call["id"] == marked else "bold")
    for fact, style in facts:
        if fact:
            label.append("  ").append(fact, style=f"not bold not reverse {style}")
    if call["exception"]:
        words = shown.in_line(call["exception"])[:MAX_EXCEPTION_CHARACTERS]
        label.append(f"\n{words}", style="not bold not reverse red")
    return label
