"""What the fake model says next: a call of the first tool, then the answer."""

from __future__ import annotations

from dataclasses import dataclass

TEXT = ("It is ", "sunny in Paris.")
"""The answer, in the pieces a stream sends."""

FINAL = "final_answer"
"""The tool by which some agents want their answer."""

BROKEN, SILENT = "broken-", "silent-"
"""A model whose name starts so refuses with the status it ends with, or answers with nothing."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer: text in pieces, or the call of a tool."""

    text: tuple[str, ...] = ()
    tool: str | None = None
    arguments: dict[str, str] | None = None


def next_turn(model: str, tools: list[str], answered_before: bool) -> Turn:
    """Call a tool if there is one and none was called yet; else answer, in the way the tools ask for."""
    if model.startswith(SILENT):
        return Turn()
    useful = [tool for tool in tools if tool != FINAL]
    if useful and not answered_before:
        return Turn(tool=useful[0], arguments={"city": "Paris"})
    if FINAL in tools:
        return Turn(tool=FINAL, arguments={"answer": "".join(TEXT)})
    return Turn(text=TEXT)
