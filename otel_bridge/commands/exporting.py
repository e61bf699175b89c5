"""`otel-bridge export`: calls or their spans into a file."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from itertools import count
from typing import IO, TYPE_CHECKING, Any

import click

from otel_bridge.commands import asking
from otel_bridge.commands.failing import CommandFailed, told
from otel_bridge.commands.otlp_files import messages, to_json
from otel_bridge.commands.progress import progress
from otel_bridge.commands.source import open_source

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from otel_bridge.commands.source import Source


def export_calls(
    *,
    data_dir: Path | None,
    url: str | None,
    shape: str,
    output: Path,
    with_feedback: bool,
    **filters: Any,
) -> None:
    """Write what is selected, the oldest first; a file appears whole or not at all."""
    if with_feedback and shape != "calls":
        raise click.UsageError("--with-feedback: spans have no room for feedback, only the format calls has")
    with told(), open_source(data_dir, url, filters["project"]) as source:
        body = asking.selection(**filters)
        total = source.count(body)
        body["include_feedback"] = with_feedback
        with opened(output) as file, progress("exporting", total) as done:
            written = 0
            for record in _records(source, body, shape):
                file.write(record)
                written += 1
                done(1)
    without = f", {total - written:,} have no span" if shape != "calls" and written < total else ""
    click.echo(f"exported {written:,} {'calls' if shape == 'calls' else 'spans'}{without}", err=True)


def _records(source: Source, body: dict[str, Any], shape: str) -> Iterator[bytes]:
    if shape == "calls":
        return (line + b"\n" for line in source.calls(body))
    spans = messages(source.spans(body))
    return spans if shape == "otlp-proto" else (to_json(span) + b"\n" for span in spans)


@contextmanager
def opened(output: Path) -> Generator[IO[bytes]]:
    """Open a file to write, or standard output; a file appears whole or not at all. Raise CommandFailed."""
    if str(output) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = next(p for n in count() if not (p := output.with_name(f"{output.name}.part{n or ''}")).exists())
    try:
        with part.open("xb") as file:
            yield file
        part.replace(output)
    except OSError as error:
        raise CommandFailed(f"cannot write {output}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
