"""Conditions: a text is compiled once and asked of every span (`contract/pipeline-config.md` part 3).

    attributes["gen_ai.system"] != nil and not IsMatch(name, "^health")
    resource["deployment.environment.name"] == "prod" or duration_ms > 1000

What it means is what OTTL means by it; `docs/conditions.md` lists the fields and functions.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lark import Lark, Token

    from otel_bridge.condition.paths import Context, Subject

MAX_CONDITION_BYTES: Final = 16 * 1024
"""Of the text of one condition."""

_GRAMMAR: Final = Path(__file__).with_name("condition.lark")


class BadCondition(ValueError):
    """A condition cannot be used; the message names the column, from 1."""


class Condition(Struct, frozen=True):
    """A condition: its text, and the test that it stands for."""

    text: str
    holds: Callable[[Subject], bool]


def condition(text: str, context: Context = "span") -> Condition:
    """Compile a condition; raise BadCondition. `context` says whose `attributes` are meant."""
    from lark.exceptions import UnexpectedInput, VisitError  # noqa: PLC0415 - 50 ms, where there are any

    from otel_bridge.condition.compiling import Compiler, Wrong  # noqa: PLC0415 - the same

    if len(text.encode(errors="replace")) > MAX_CONDITION_BYTES:
        raise BadCondition(f"longer than {MAX_CONDITION_BYTES >> 10} KiB")
    try:
        piece = Compiler(context).transform(_parser().parse(text))
    except UnexpectedInput as error:
        raise BadCondition(_expected(error, text)) from None
    except VisitError as error:
        if not isinstance(error.orig_exc, Wrong):
            raise
        raise BadCondition(f"column {error.orig_exc.column}: {error.orig_exc}") from None
    except RecursionError:
        raise BadCondition("too many operations inside each other") from None
    return Condition(text, piece.get)


def conditions(texts: Sequence[str], place: str, context: Context = "span") -> tuple[Condition, ...]:
    """Compile several conditions; raise BadCondition, which names the place of the one at fault."""
    found = []
    for at, text in enumerate(texts):
        try:
            found.append(condition(text, context))
        except BadCondition as error:
            raise BadCondition(f"{place}[{at}]: {error}") from None
    return tuple(found)


@cache
def _parser() -> Lark:
    from lark import Lark  # noqa: PLC0415 - 50 ms, where there are any

    return Lark(_GRAMMAR.read_text(encoding="utf-8"), parser="lalr", maybe_placeholders=True)


_HINTS: Final = {
    "&": "; write `and`",
    "|": "; write `or`",
    "!": "; write `not`, or != between values",
    "=": "; equality is ==",
    "'": '; texts stand in double quotes: "..."',
}


def _expected(error: Exception, text: str) -> str:
    """Say where a condition stops making sense."""
    token: Token | None = getattr(error, "token", None)
    column = getattr(error, "column", 0)
    at_end = token is not None and token.type == "$END"
    if not text.strip():
        return "there is no condition"
    if at_end:
        return f"column {len(text) + 1}: something is missing at the end"
    found = text[column - 1 :].split(maxsplit=1)[:1] if column > 0 else [text]
    word = found[0] if found else text
    hint = "" if word.startswith("==") else _HINTS.get(word[:1], "")
    return f"column {max(column, 1)}: did not expect {word[:40]!r}{hint}"
