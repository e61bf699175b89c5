"""Names and ids of a call (`contract/otel-mapping.md` §2, §8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, TypeVar

if TYPE_CHECKING:
    from otel_bridge.model.span import Span

MAX_OP_NAME: Final = 128
MAX_DISPLAY_NAME: Final = 1024
"""Characters that Weave takes at most (`contract/weave-api.md` §1.1)."""

HASH_CHARS: Final = 4

UNNAMED: Final = "unknown"

_DELIMITER: Final = re.compile(r"[,;| /?.]")


TextT = TypeVar("TextT", str, str | None)


def column(text: TextT) -> TextT:
    """Return text that is a column of its own in stores, without NULs (`contract/otlp-receiver.md` §8)."""
    return text.replace("\0", "") if text and "\0" in text else text


def op_name(name: str) -> str:
    """Return the span's name, a long one cut at a delimiter with a hash of the whole instead of the rest."""
    if len(name) <= MAX_OP_NAME:
        return name or UNNAMED
    from hashlib import sha256  # noqa: PLC0415 - OpenSSL takes 4 MB of a process, and few names are long

    room = MAX_OP_NAME - HASH_CHARS - 1
    ends = [found.start() for found in _DELIMITER.finditer(name, 1, room + 1)]
    digest = sha256(name.encode()).hexdigest()[:HASH_CHARS]
    return f"{name[: ends[-1] if ends else room]}:{digest}"


def display_name(name: str | None) -> str | None:
    """Return the name that a person chose, cut to what Weave takes."""
    if name is None or len(name) <= MAX_DISPLAY_NAME:
        return name
    return name[: MAX_DISPLAY_NAME - 3] + "..."


def turn_id(
    span: Span, thread_id: str | None, *, is_turn: bool | None, turns: Literal["roots", "spans"] = "roots"
) -> str | None:
    """Return the span's id if the span is a turn: it says so, or it is the root span of a thread.

    With `turns` "spans", each span of a thread that does not deny it is one, as in Weave.
    """
    if is_turn is None:
        is_turn = thread_id is not None and (span.parent_id is None or turns == "spans")
    return span.id if is_turn else None


def run_id(span: Span, run: str | None) -> str | None:
    """Return the run from the request's header, else from the span: `<project>:<run>`."""
    if span.origin.wb_run_id:
        return span.origin.wb_run_id
    if run is None or "/" in run or ":" in run:
        return None
    return f"{span.origin.project_id}:{run}"
