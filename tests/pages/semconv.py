"""Writes docs/semconv.md from the tables of the translation: `python -m tests.pages.semconv`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from otel_bridge.translate import kinds, messages
from otel_bridge.translate.explain.switches import STREAM_SWITCH, SWITCHES
from otel_bridge.translate.explain.words import of_condition, of_reader
from otel_bridge.translate.fields import BLOCK, FIELDS, OVERRIDES
from otel_bridge.translate.sources import Dialect, Told, Wrap
from otel_bridge.translate.tables.usage import AGGREGATED, USAGE
from tests.pages import prose
from tests.pages.examples import READING, THREADS
from tests.pages.examples import USAGE as USAGE_EXAMPLES
from tests.pages.markdown import flowing, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otel_bridge.translate.explain.switches import Switch
    from otel_bridge.translate.sources import Source
    from tests.pages.examples import Example

PAGE: Final = Path(__file__).parents[2] / "docs" / "semconv.md"

GROUPS: Final = {
    "Inputs and output": ("inputs", "output"),
    "Attributes": BLOCK,
    "Usage": (*USAGE, "vercel_operation"),
    "Usage of children": AGGREGATED,
    "Threads": ("thread_id", "session_id", "is_turn"),
    "What a span sets outright": tuple(name for name in OVERRIDES if name != "is_turn"),
    "Failure": ("error_type",),
}
"""Heading → its fields; together all of `FIELDS`."""


def page() -> str:
    """Return the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from (flowing(prose.HEAD), "", "## How attributes are read", "", flowing(prose.READING), "")
    yield from _examples(READING)
    yield from ("## Which source gives which field", "", flowing(prose.FIELDS), "")
    for heading, names in GROUPS.items():
        yield from (f"### {heading}", "", prose.GROUPS[heading], "")
        for name in names:
            yield from _field(name)
    yield from ("## Kinds", "", flowing(prose.KINDS), "")
    yield from _kinds()
    yield from ("## Usage and wrappers", "", flowing(prose.USAGE), "")
    yield from _examples(USAGE_EXAMPLES)
    yield from ("## Threads and turns", "", flowing(prose.THREADS), "")
    yield from _examples(THREADS)
    yield from ("## Failures", "", flowing(prose.FAILURES), "", "## Messages in events and log records", "")
    yield from (flowing(prose.MESSAGES), "")
    yield from _messages()
    yield from ("## Dialects", "", flowing(prose.DIALECTS), "")
    for dialect in Dialect:
        yield from _dialect(dialect)
    yield from ("## Content that is not sent", "", flowing(prose.SWITCHES), "")
    yield from _switches()


def _code(text: str) -> str:
    return f"`{text}`"


def _field(name: str) -> Iterator[str]:
    yield from (f"**`{name}`** {prose.NAMES.get(name, '')}".rstrip(), "")
    head = ("", "Source", "Said in", "Dialect", "Taken when it is", "Weave reads it")
    yield from table(head, (_source(number, row) for number, row in enumerate(FIELDS[name], 1)))


def _source(number: int, row: Source) -> tuple[str, ...]:
    taken = of_reader(row.read)
    if row.only is not None:
        taken += f"; only {of_condition(row.only)}"
    if row.wrap is Wrap.UNLESS_OBJECT:
        taken += "; an object stands alone"
    if row.wrap is Wrap.NEVER:
        taken += "; it stands alone"
    weave = "no" if row.ours else "yes"
    return str(number), _code(row.key), str(row.told), str(row.dialect), taken, weave


def _examples(examples: Iterable[Example]) -> Iterator[str]:
    for example in examples:
        yield from (example.says, "", "```text")
        yield from (f"{key} = {_json(value)}" for key, value in example.attributes.items())
        yield from (f"{key} = {value!r}" for key, value in example.fields.items())
        yield from (f"→ {name}: {_json(value)}" for name, value in example.call.items())
        yield from ("```", "")


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _kinds() -> Iterator[str]:
    rows = [(_code(operation), _code(kind)) for operation, kind in kinds.OPERATIONS.items()]
    rows += [(_code(word), _code(word)) for word in sorted(kinds.SPOKEN)]
    rows += [(_code(f"ai.*.{step}"), _code(kind)) for step, kind in kinds.VERCEL_STEPS.items()]
    rows += [(_code(kinds.VERCEL_TOOL), "`tool`"), ("any other `ai.*`", "`chain`, a wrapper")]
    yield from table(("Operation", "Kind"), rows)
    yield (
        "Wrappers are the kinds "
        + ", ".join(map(_code, sorted(kinds.WRAPPERS)))
        + ", in any case of letters."
    )
    yield ""


def _messages() -> Iterator[str]:
    lists = "`gen_ai.input.messages`, `gen_ai.output.messages`, `gen_ai.system_instructions`"
    rows = [(_code(messages.DETAILS), f"{lists}: those of several such events are joined")]
    rows += [
        (_code(name), f"a message that went in; its role is `{role}` unless it says another")
        for name, role in messages.ROLES.items()
    ]
    rows += [(_code(messages.CHOICE), "a message that came out: the members of `message` beside its own")]
    rows += [(_code(name), _code(key)) for name, key in messages.CONTENT.items()]
    yield from table(("Event", "Says"), rows)


def _dialect(dialect: Dialect) -> Iterator[str]:
    yield from (f"### {dialect}", "", prose.RECOGNISED[dialect], "")
    rows = list(_rows_of(dialect))
    if rows:
        yield from table(("Field", "Sources"), rows)
    else:
        yield from (prose.NO_OWN, "")


def _rows_of(dialect: Dialect) -> Iterator[tuple[str, str]]:
    for name, rows in FIELDS.items():
        keys = [
            _code(row.key) + ("" if row.told is Told.ATTRIBUTES else f" ({row.told})")
            for row in rows
            if row.dialect is dialect
        ]
        if keys:
            yield _code(name), ", ".join(keys)


def _switches() -> Iterator[str]:
    yield from table(("Sender", "Content", "Set", "Says who"), map(_switch, SWITCHES))
    yield f"Tokens of a stream: {_code(STREAM_SWITCH)}, where the model's API is like OpenAI's."


def _switch(switch: Switch) -> tuple[str, ...]:
    if switch.both:
        what = switch.both
    elif switch.inputs:
        what = f"for inputs {switch.inputs}; for the output {switch.output}"
    else:
        what = "nothing"
    return switch.sender, switch.says, what, f"[its page]({switch.page})" if switch.page else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
