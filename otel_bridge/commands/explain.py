"""`otel-bridge explain`: why a call is what it is, for one span of a file or of the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from otel_bridge.commands.sources import NotThere, Spans, from_file, from_store, is_file
from otel_bridge.commands.translating import options_of, with_options
from otel_bridge.ingest.address import default_data_dir

if TYPE_CHECKING:
    from otel_bridge.model.span import Span
    from otel_bridge.translate.options import Options

PROJECT: Final = "local/default"

HELP: Final = """Show why a call is what it is.

FILE is a file of OTLP (one request as protobuf or JSON, or JSON requests a line each, as the collector's
file exporter writes them), `-` for standard input, or the id of a call in a bridge's data directory, which
may be running. For one span it says which attribute became which field and by which rule, what lost, and what
was left only in the span; where content is missing because its sender holds it back, it names the switch to
set. Several spans are listed; --span chooses one of them by its id or number."""


@click.command(help=HELP)
@click.argument("target", metavar="FILE|CALL_ID|-")
@click.option("--span", "chosen", metavar="ID|NUMBER", help="Explain this span of several.")
@click.option("--all", "every", is_flag=True, help="Explain every span.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a span, with whole values.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="OTEL_BRIDGE_DATA_DIR",
    show_envvar=True,
    help="Where calls are kept.",
)
@click.option(
    "--project",
    metavar="ENTITY/PROJECT",
    help="The project of the call; for a file, that of spans which name none.",
)
@with_options
def command(
    target: str,
    *,
    chosen: str | None,
    every: bool,
    as_json: bool,
    data_dir: Path | None,
    project: str | None,
    **switches: Any,
) -> None:
    """Find the spans and print what they come to."""
    from otel_bridge.commands import explained  # noqa: PLC0415 - a wrong file is told before rich is imported
    from otel_bridge.translate.explain import explain  # noqa: PLC0415 - as above

    options = options_of(switches)
    found = _find(target, data_dir or default_data_dir(), project)
    for remark in _remarks(found, options):
        click.echo(f"otel-bridge: note: {remark}", err=True)
    numbered = list(enumerate(found.spans, 1))
    if chosen is not None:
        numbered = [_choose(numbered, chosen)]
    made = [(number, explain(span, options)) for number, span in numbered]
    if as_json:
        explained.as_json([explanation for _, explanation in made])
    elif every or len(made) == 1:
        explained.in_full([explanation for _, explanation in made])
    else:
        explained.as_list(made)


def _find(target: str, data_dir: Path, project: str | None) -> Spans:
    if is_file(target):
        return from_file(target, project=project or PROJECT)
    return from_store(target, data_dir=data_dir, project=project)


def _remarks(found: Spans, options: Options) -> list[str]:
    remarks = list(found.remarks)
    if found.stamp is not None and found.stamp != options.stamp:
        remarks.append(
            "the stored call was made by other tables or options than these: this is what it would be now"
        )
    return remarks


def _choose(numbered: list[tuple[int, Span]], chosen: str) -> tuple[int, Span]:
    """Return the span of an id or of a number in the list."""
    for number, span in numbered:
        if span.id == chosen.lower():
            return number, span
    if chosen.isdecimal() and 1 <= int(chosen) <= len(numbered):
        return numbered[int(chosen) - 1]
    raise NotThere(
        f"no span {chosen} among the {len(numbered)} that are there; without --span they are listed"
    )
