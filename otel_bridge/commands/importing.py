"""`otel-bridge import`: calls or spans that were exported, back into a store."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from itertools import groupby
from typing import IO, TYPE_CHECKING, Any, Final, TypeAlias

import click
import msgspec

from otel_bridge.commands.failing import CommandFailed, told
from otel_bridge.commands.import_items import inflated, is_item, keep_items
from otel_bridge.commands.otlp_files import check_start, is_json, joined, messages, pieces, spans_in
from otel_bridge.commands.progress import progress
from otel_bridge.commands.source import open_source
from otel_bridge.commands.translating import options_of
from otel_bridge.parsers import parse_project

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from otel_bridge.commands.source import Source

BATCH_BYTES: Final = 4 << 20
BATCH_RECORDS: Final = 500
MAX_LINE_BYTES: Final = 64 << 20
_SPANS: Final = re.compile(rb'"resource_?[sS]pans"\s*:')
_START: Final = (
    "project_id", "id", "trace_id", "op_name", "display_name", "parent_id", "thread_id", "turn_id",
    "started_at", "attributes", "inputs", "wb_user_id", "wb_run_id", "wb_run_step",
)  # fmt: skip
_END: Final = ("project_id", "id", "ended_at", "exception", "output", "summary", "wb_run_step_end")

_Items: TypeAlias = "list[dict[str, Any]]"


def import_file(
    *,
    data_dir: Path | None,
    url: str | None,
    project: str,
    file: Path,
    shape: str | None,
    into_project: str | None,
    **switches: Any,
) -> None:
    """Keep what a file holds, batch by batch; a batch that is refused ends it, and says where."""
    _check(into_project)
    options = options_of(switches)
    with told(), _opened(file) as (opened, size):
        head = opened.peek(1)[:200]  # type: ignore[attr-defined]  # every reader of ours is buffered
        kind = shape or _guess(head)
        if kind == "otlp-proto":
            check_start(head)  # before a directory is made for what is no file of ours
        with (
            open_source(data_dir, url, project, write=options) as source,
            progress("importing", size, in_bytes=True) as done,
        ):
            if kind == "calls":
                kept, refused = _import_calls(source, opened, into_project, done), 0
            else:
                kept, refused = _import_spans(source, opened, kind, into_project, done)
    click.echo(f"imported {kept:,} {'calls' if kind == 'calls' else 'spans'}", err=True)
    if refused:
        raise CommandFailed(f"{refused:,} spans were refused")


def _check(into_project: str | None) -> None:
    try:
        if into_project is not None:
            parse_project(into_project)
    except ValueError as error:
        raise click.UsageError(f"--into-project: {error}") from error


@contextmanager
def _opened(file: Path) -> Generator[tuple[IO[bytes], int | None]]:
    if str(file) == "-":
        yield inflated(sys.stdin.buffer), None
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        raise CommandFailed(f"cannot read {file}: {error.strerror}") from error
    with opened:
        found = inflated(opened)
        yield found, file.stat().st_size if found is opened else None


def _guess(head: bytes) -> str:
    if not head.lstrip().startswith(b"{"):
        return "otlp-proto"
    return "otlp-json" if is_item(head) or _SPANS.search(head) else "calls"


def _batches(records: Iterator[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for record in records:
        if batch and (len(batch) == BATCH_RECORDS or size + len(record) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += len(record)
    if batch:
        yield batch


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    while line := file.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            raise CommandFailed(f"a line is longer than {MAX_LINE_BYTES >> 20} MiB")
        if line.strip():
            yield line


def _import_calls(
    source: Source, file: IO[bytes], into_project: str | None, done: Callable[[int], None]
) -> int:
    kept = 0
    for lines in _batches(_lines(file)):
        calls = [_call(line, n, into_project) for n, line in enumerate(lines, kept + 1)]
        try:
            _keep(source, "/call/upsert_batch", [item for items, _ in calls for item in items])
            _keep(source, "/feedback/batch/create", [said for _, feedback in calls for said in feedback])
        except Exception as error:
            error.add_note(f"calls {kept + 1:,} to {kept + len(lines):,} of the file")
            raise
        kept += len(lines)
        done(sum(map(len, lines)))
    return kept


def _keep(source: Source, route: str, batch: list[dict[str, Any]]) -> None:
    if batch:
        source.keep(route, msgspec.json.encode({"batch": batch}))


def _call(line: bytes, number: int, into_project: str | None) -> tuple[_Items, list[dict[str, Any]]]:
    """Make of a line what `/call/upsert_batch` takes, and the feedback that lies in it."""
    try:
        call = msgspec.json.decode(line)
        feedback = _feedback(call, into_project)
        if into_project is not None:
            call["project_id"] = into_project
        return _items(call), feedback
    except (msgspec.DecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise CommandFailed(f"call {number:,} of the file is no exported call") from error


def _items(call: dict[str, Any]) -> _Items:
    """Make a start, and an end when the call has ended."""
    attributes = dict(call["attributes"])
    dump = attributes.pop("otel_span", None)
    start = {name: call[name] for name in _START} | {"attributes": attributes, "otel_dump": dump}
    end = {name: call[name] for name in _END}
    items: _Items = [{"mode": "start", "req": {"start": start}}]
    if end["ended_at"] is not None:
        items.append({"mode": "end", "req": {"end": end}})
    return items


def _feedback(call: dict[str, Any], into_project: str | None) -> list[dict[str, Any]]:
    """Take the feedback out of the summary, where `export --with-feedback` puts it."""
    weave = (call["summary"] or {}).get("weave") or {}
    moved = {}
    if into_project is not None:
        moved["weave_ref"] = f"weave:///{into_project}/call/{call['id']}"
    of_project = {"project_id": into_project or call["project_id"]} | moved
    return [{**entry, **of_project} for entry in weave.pop("feedback", ())]


def _import_spans(
    source: Source, file: IO[bytes], kind: str, project: str | None, done: Callable[[int], None]
) -> tuple[int, int]:
    sent = refused = items = 0
    in_protobuf = kind == "otlp-proto"
    records = messages(pieces(file)) if in_protobuf else _documents(file)
    encoding = "protobuf" if in_protobuf else "json"
    batches = (
        (of_calls, list(some)) for batch in _batches(records) for of_calls, some in groupby(batch, is_item)
    )
    for of_calls, batch in batches:
        if of_calls and not in_protobuf:
            keep_items(source, batch, project)
            items += len(batch)
            done(sum(map(len, batch)))
            continue
        body = b"".join(batch) if in_protobuf else joined(batch)
        bad, why = source.keep_spans(body, encoding=encoding, project=project)
        if bad:
            click.echo(f"{bad:,} spans were refused: {why}", err=True)
        sent += spans_in(body, encoding)
        refused += bad
        done(sum(map(len, batch)))
    if items:
        click.echo(f"imported {items:,} starts, ends and changes of calls", err=True)
    return sent - refused, refused


def _documents(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the documents of a file: one a line, or one of many lines, as people read it."""
    lines = _lines(file)
    first = next(lines, b"")
    if is_json(first):
        yield first
        yield from lines
        return
    whole = first + file.read(MAX_LINE_BYTES)
    if not is_json(whole):
        raise CommandFailed("the file is no OTLP/JSON")
    yield whole
