"""Where `explain` gets spans from: a file of OTLP, standard input, or the store of a bridge."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec import Struct

from otel_bridge.errors import InvalidRequest, StartError
from otel_bridge.ingest.settings import STORE_FILE
from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.decode import decode
from otel_bridge.translate.stored import UnreadableRecord, read_span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otel_bridge.model.span import Span
    from otel_bridge.store.sqlite.kept import Kept

STDIN: Final = "-"
MAX_FILE_BYTES: Final = 256 << 20
"""Larger files are not read: they would take gigabytes of memory."""
FILE_SUFFIXES: Final = frozenset({".pb", ".bin", ".json", ".jsonl", ".ndjson", ".otlp", ".txt"})
MICROSECOND: Final = 1_000
"""Nanoseconds."""


class Spans(Struct, frozen=True):
    """Spans, what is to be said about those that were refused, and by what stored ones were translated."""

    spans: list[Span]
    remarks: tuple[str, ...] = ()
    stamp: int | None = None


class NotThere(click.ClickException):
    """There is nothing to explain: exit code 1."""


def is_file(target: str) -> bool:
    """Tell a file from the id of a call: it is there, or is written as a path or with a file's suffix."""
    path = Path(target)
    return target == STDIN or path.exists() or "/" in target or path.suffix.lower() in FILE_SUFFIXES


def from_file(target: str, *, project: str) -> Spans:
    """Return the spans of an OTLP request, or of a file with one JSON request a line."""
    body = _read(target)
    name = "standard input" if target == STDIN else target
    if not body.strip():
        raise NotThere(f"{name} is empty")
    now = time.time_ns()
    spans: list[Span] = []
    remarks: list[str] = []
    for place, export in _exports(body, now):
        try:
            decoded = decode(export, default_project=project)
        except InvalidRequest as error:
            raise NotThere(f"{name}{place} is not an OTLP trace request: {error}") from error
        spans += decoded.spans
        remarks += [*decoded.reasons, *decoded.warnings]
    if not spans:
        why = f": {remarks[0]}" if remarks else ""
        raise NotThere(f"{name} has no spans{why}")
    return Spans(spans, tuple(dict.fromkeys(remarks)))


def _read(target: str) -> bytes:
    if target == STDIN:
        return _bounded(sys.stdin.buffer, "standard input")
    try:
        with Path(target).open("rb") as file:
            return _bounded(file, target)
    except FileNotFoundError as error:
        raise click.UsageError(f"no such file: {target}") from error
    except OSError as error:
        raise click.UsageError(f"{target} cannot be read: {error.strerror}") from error


def _bounded(file: Any, name: str) -> bytes:
    body: bytes = file.read(MAX_FILE_BYTES + 1)
    if len(body) > MAX_FILE_BYTES:
        raise click.UsageError(
            f"{name} is larger than {MAX_FILE_BYTES >> 20} MiB: cut the spans in question out"
        )
    return body


def _exports(body: bytes, now: int) -> Iterator[tuple[str, Export]]:
    """Yield requests and where they stand: the whole body, or its lines when each is a JSON object."""
    if body.lstrip()[:1] != b"{":
        yield "", Export(body=body, encoding=Encoding.PROTOBUF, received_ns=now)
        return
    lines = [(number, line) for number, line in enumerate(body.splitlines(), 1) if line.strip()]
    if len(lines) == 1 or not all(_is_object(line) for _, line in lines):
        yield "", Export(body=body, encoding=Encoding.JSON, received_ns=now)
        return
    for number, line in lines:
        yield f", line {number},", Export(body=line, encoding=Encoding.JSON, received_ns=now)


def _is_object(line: bytes) -> bool:
    text = line.strip()
    return text[:1] == b"{" and text[-1:] == b"}" and len(text) > len(b"{}")


def from_store(call_id: str, *, data_dir: Path, project: str | None) -> Spans:
    """Return the span of a stored call; the store is only read, so a bridge may run on it."""
    from otel_bridge.store.sqlite.kept import find_kept  # noqa: PLC0415 - files need no database

    store = data_dir / STORE_FILE
    if not store.exists():
        raise StartError(
            f"{call_id} is no file, and there is no store in {data_dir}; --data-dir DIR names another"
        )
    everywhere = find_kept(store, call_id)
    kept = [one for one in everywhere if project in {None, one.project_id}]
    if not kept:
        where = "" if project is None else f" in project {project}"
        others = f"; it is in {_projects(everywhere)}" if everywhere else ""
        raise NotThere(f"no call {call_id}{where} in {store}{others}")
    if len(kept) > 1:
        raise click.UsageError(f"call {call_id} is in {_projects(kept)}: choose one with --project")
    return _span_of(kept[0])


def _projects(kept: list[Kept]) -> str:
    return ", ".join(one.project_id for one in kept)


def _span_of(kept: Kept) -> Spans:
    from otel_bridge.store.merge import DumpKind  # noqa: PLC0415 - as above

    if kept.dump is None or kept.dump.kind is not DumpKind.OTLP:
        raise NotThere(
            f"call {kept.id} of project {kept.project_id} ({kept.op_name}) was written through Weave's API: "
            "no span made it, so there is nothing to explain"
        )
    try:
        span = read_span(
            kept.dump.data,
            kept.logs,
            project_id=kept.project_id,
            wb_run_id=kept.wb_run_id,
            received_ns=kept.received_at * MICROSECOND,
        )
    except UnreadableRecord as error:
        raise NotThere(f"the span of call {kept.id} cannot be read: {error}") from error
    return Spans([span], stamp=kept.translator)
