"""Where calls come from: one promise for a data directory and for a bridge that runs."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import click

from otel_bridge.ingest.address import default_data_dir
from otel_bridge.parsers import parse_project

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from otel_bridge.translate.options import Options


class Source(Protocol):
    """Answers and keeps what Weave's API does; raise BridgeError or CommandFailed when it cannot."""

    def calls(self, body: dict[str, Any]) -> Iterator[bytes]:
        """Yield the lines of `/calls/stream_query`, without newlines."""

    def count(self, body: dict[str, Any]) -> int:
        """Count the calls of a body."""

    def spans(self, body: dict[str, Any]) -> Iterator[bytes]:
        """Yield the stored spans of the calls of a body: pieces of one OTLP `TracesData` message."""

    def stats(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer `/calls/stats`."""

    def keep(self, route: str, body: bytes) -> None:
        """Keep the body of a write, such as `/call/upsert_batch`, durably."""

    def keep_spans(self, body: bytes, *, encoding: str, project: str | None) -> tuple[int, str]:
        """Keep an OTLP request, durably; return how many spans were refused, and why."""


def checked_project(project: str) -> None:
    """Raise UsageError for what is no project."""
    try:
        parse_project(project)
    except ValueError as error:
        raise click.UsageError(f"--project: {error}") from error


@contextmanager
def open_source(
    data_dir: Path | None, url: str | None, project: str, *, write: Options | None = None
) -> Generator[Source]:
    """Open what the options name: the URL before the directory.

    `write` takes the directory for oneself, and says what spans become there; a bridge goes by its own.
    """
    checked_project(project)
    if url is not None:
        from otel_bridge.commands.remote import RemoteSource  # noqa: PLC0415 - one of the two is enough

        with closing(RemoteSource(url)) as source:
            yield source
        return
    from otel_bridge.commands.directory import open_directory  # noqa: PLC0415 - as above

    with open_directory(data_dir or default_data_dir(), default_project=project, write=write) as here:
        yield here
