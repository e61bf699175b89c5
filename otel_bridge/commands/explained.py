"""Explanations as people read them in a terminal, as plain text when piped, or as JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from otel_bridge.commands.shown import clean
from otel_bridge.translate.instant import iso

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from otel_bridge.translate.explain import Explanation, Field, Left, Said

MAX_VALUE_CHARS: Final = 120
MAX_LOST: Final = 6
PIPED_COLUMNS: Final = 1_000
"""How wide a list may be that nobody looks at."""
SELF_EVIDENT: Final = frozenset({"span", "call", "request"})
"""Where a rule names its source itself."""
TIMES: Final = frozenset({"started_at", "ended_at"})
PARTS: Final = frozenset({"summary.usage", "attributes.aggregated_usage", "attributes"})
"""Fields whose members stand in lines of their own below."""


def as_json(explanations: Sequence[Explanation]) -> None:
    """Print one JSON object a span."""
    for explanation in explanations:
        sys.stdout.buffer.write(
            orjson.dumps(msgspec.to_builtins(explanation), option=orjson.OPT_APPEND_NEWLINE)
        )
    sys.stdout.buffer.flush()


def in_full(explanations: Sequence[Explanation]) -> None:
    """Print everything about every span."""
    console = _console()
    for index, explanation in enumerate(explanations):
        if index:
            console.print()
        for line in lines(explanation):
            console.print(line, soft_wrap=True, highlight=False)


def as_list(explained: Sequence[tuple[int, Explanation]]) -> None:
    """Print one line a span, and how to see more."""
    console = _console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("#", "span", "kind", "in", "out", "tokens", "missing", "name"):
        table.add_column(column, no_wrap=True, justify="right" if column == "#" else "left")
    for number, explanation in explained:
        table.add_row(str(number), *_row(explanation))
    console.print(table, highlight=False)
    console.print(Text("--span ID or --span NUMBER explains one of them, --all every one", "dim"))


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=PIPED_COLUMNS)


def _row(explanation: Explanation) -> Iterator[Text | str]:
    kind = explanation.field("attributes.kind")
    yield explanation.id
    yield clean(str(kind.value)) if kind is not None and kind.value is not None else "-"
    for name in ("inputs", "output"):
        field = explanation.field(name)
        yield "yes" if field is not None and field.value is not None else "-"
    yield "yes" if explanation.field("summary.usage") is not None else "-"
    yield Text("switch", "yellow") if any(advice.switch for advice in explanation.advice) else "-"
    yield Text(clean(explanation.span_name))


def lines(explanation: Explanation) -> Iterator[Text]:
    """Yield the explanation line by line."""
    yield from _head(explanation)
    if explanation.advice:
        yield from _heading("Missing")
        for advice in explanation.advice:
            yield Text.assemble("  ", (" and ".join(advice.fields), "bold yellow"), f": {clean(advice.text)}")
            if advice.switch:
                yield Text.assemble("    set ", (advice.switch, "bold"))
    yield from _heading("Fields")
    for field in explanation.fields:
        yield from _field(field)
    if explanation.left:
        where = (
            "No field of its own (shown in attributes, and in attributes.otel_span)"
            if explanation.shows_all
            else "Only in the span (attributes.otel_span, otel_dump)"
        )
        yield from _heading(where)
        for left in explanation.left:
            yield _left(left)


def _head(explanation: Explanation) -> Iterator[Text]:
    yield Text(clean(explanation.span_name) or "(no name)", "bold")
    yield Text(f"  span {explanation.id} of trace {explanation.trace_id}")
    told = [("scope", explanation.scope), ("service", explanation.service)]
    said = ", ".join(f"{name} {clean(value)}" for name, value in told if value)
    if said:
        yield Text(f"  {said}")
    if explanation.becomes == "nothing":
        yield Text("  It only announces that another span runs, so it becomes no call.", "yellow")
    if explanation.becomes == "start":
        yield Text("  It has not ended: its call runs.", "yellow")


def _heading(text: str) -> Iterator[Text]:
    yield Text()
    yield Text(text, "bold underline")


def _field(field: Field) -> Iterator[Text]:
    name = clean(field.name)
    if field.value is None:
        yield Text.assemble("  ", (name, "bold"), ": ", ("nothing", "dim"))
    elif field.name in PARTS and type(field.value) is dict:
        yield Text.assemble("  ", (name, "bold"), f": {_members(field.value)}")
    else:
        yield Text.assemble("  ", (name, "cyan"), f" = {_value(field)}")
    named = field.said is not None and field.said.told not in SELF_EVIDENT
    source = f"from {_said(field.said)}; " if named and field.said is not None else ""
    yield Text(f"      {source}{clean(field.rule)}", "dim")
    for lost in field.lost[:MAX_LOST]:
        yield Text(f"      also there: {_said(lost.said)}: {clean(lost.why)}", "dim")
    if len(field.lost) > MAX_LOST:
        yield Text(f"      and {len(field.lost) - MAX_LOST} more", "dim")


def _members(value: dict[str, Any]) -> str:
    return "1 member" if len(value) == 1 else f"{len(value)} members"


def _said(said: Said) -> str:
    who = f", {said.dialect}" if said.dialect else ""
    return f"{clean(said.key)} ({said.told}{who})"


def _value(field: Field) -> str:
    if field.name in TIMES:
        return iso(field.value).decode()
    return _short(field.value)


def _left(left: Left) -> Text:
    why = f"  ({clean(left.why)})" if left.why else ""
    return Text.assemble(f"  {left.where} ", (clean(left.name), "cyan"), f" = {_short(left.value)}{why}")


def _short(value: Any) -> str:
    """Return a value as JSON, cut to what a line holds."""
    text = orjson.dumps(value).decode()
    if len(text) <= MAX_VALUE_CHARS:
        return clean(text)
    return f"{clean(text[:MAX_VALUE_CHARS])}… ({len(text):,} characters)"
