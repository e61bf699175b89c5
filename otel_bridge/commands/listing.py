"""`otel-bridge calls`: a table of calls, and what comes next."""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec
from rich.table import Table
from rich.text import Text

from otel_bridge.commands import asking, shown
from otel_bridge.commands.failing import told
from otel_bridge.commands.moments import local
from otel_bridge.commands.screen import terminal
from otel_bridge.commands.source import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from otel_bridge.commands.source import Source

COLUMNS: Final = (
    "id", "op_name", "display_name", "trace_id", "started_at", "summary", "exception", "happened_at",
)  # fmt: skip
FOLLOW_SECONDS: Final = 1.0
FOLLOWED_CALLS: Final = 1000
"""The newest calls, looked at each time for new ones and for those that ended."""
REMEMBERED_CALLS: Final = 10_000
TITLES: Final = ("time", "status", "latency", "in", "out", "cost", "op", "id")
NUMBERS: Final = frozenset({"latency", "in", "out", "cost"})
OP: Final = TITLES.index("op")
MIN_OP_WIDTH: Final = 12


def list_calls(
    *,
    data_dir: Path | None,
    url: str | None,
    limit: int,
    follow: bool,
    as_json: bool,
    sleep: Callable[[float], None] = time.sleep,
    **filters: Any,
) -> None:
    """Show calls in the order of time; with `follow`, go on until interrupted."""
    with told(), open_source(data_dir, url, filters["project"]) as source:
        body = asking.selection(**filters)
        newest = body | {"sort_by": asking.NEWEST, "limit": limit}
        if not as_json:
            newest |= {"columns": COLUMNS, "include_costs": True}
        lines = list(source.calls(newest))[::-1]
        show = _raw if as_json else _Rows()
        show(lines)
        if not lines and not follow and not as_json:
            click.echo("no calls match", err=True)
        if follow:
            _follow(source, newest, lines, show, sleep)


def _follow(
    source: Source,
    newest: dict[str, Any],
    lines: list[bytes],
    show: Callable[[list[bytes]], None],
    sleep: Callable[[float], None],
) -> None:
    known: OrderedDict[str, str | None] = OrderedDict()
    for line in lines:
        _is_news(line, known)
    while True:
        sleep(FOLLOW_SECONDS)
        found = list(source.calls(newest | {"limit": FOLLOWED_CALLS}))[::-1]
        show([line for line in found if _is_news(line, known)])
        while len(known) > REMEMBERED_CALLS:
            known.popitem(last=False)


def _is_news(line: bytes, known: OrderedDict[str, str | None]) -> bool:
    """Tell whether a call is new, or changed its status; a newcomer is remembered."""
    call = msgspec.json.decode(line)
    status = call["summary"]["weave"]["status"]
    news: bool = known.get(call["id"]) != status
    known[call["id"]] = status
    known.move_to_end(call["id"])
    return news


def _raw(lines: Iterable[bytes]) -> None:
    for line in lines:
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


class _Rows:
    """Prints calls as rows under one head; when a terminal is narrow, the op's name gives way."""

    def __init__(self) -> None:
        self._console = terminal()
        self._width = self._console.width
        self._widths = [len(title) for title in TITLES]
        self._head = True

    def __call__(self, lines: list[bytes]) -> None:
        rows = [_cells(msgspec.json.decode(line)) for line in lines]
        for row in rows:
            self._widths = [max(width, len(cell)) for width, cell in zip(self._widths, row, strict=True)]
        others = sum(self._widths) - self._widths[OP] + 2 * len(TITLES)
        room = min(self._widths[OP], max(self._width - others, MIN_OP_WIDTH))
        table = Table(box=None, pad_edge=False, show_header=self._head)
        for place, (title, width) in enumerate(zip(TITLES, self._widths, strict=True)):
            justify: Any = "right" if title in NUMBERS else "left"
            fitting = room if place == OP else width
            table.add_column(title, justify=justify, width=fitting, no_wrap=True, overflow="ellipsis")
        for row in rows:
            table.add_row(*row)
        if rows:
            self._console.width = max(self._width, others + room)  # a terminal wraps what is too long
            self._console.print(table, soft_wrap=True)
            sys.stdout.flush()  # whoever follows through a pipe
            self._head = False


def _doubt(call: dict[str, Any]) -> str:
    """Say that the start cannot be right: the call is listed where it arrived."""
    return "" if call.get("happened_at", call["started_at"]) == call["started_at"] else " (clock off)"


def _cells(call: dict[str, Any]) -> list[Text]:
    weave = shown.weave(call)
    tokens_in, tokens_out = shown.tokens(call)
    status = weave["status"]
    return [
        Text(local(call["started_at"], today=asking.now())),
        Text(status.replace("_", " ") + _doubt(call), style=shown.color(status)),
        Text(shown.latency(weave.get("latency_ms"))),
        Text(shown.number(tokens_in)),
        Text(shown.number(tokens_out)),
        Text(shown.money(shown.cost(call))),
        Text(shown.name(call)),
        Text(call["id"]),
    ]
