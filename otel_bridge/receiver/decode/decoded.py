"""What decoding an export came to, and how the client is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.model.call import LoggedSpan
    from otel_bridge.model.span import Span

MAX_REASONS: Final = 20
MAX_MESSAGE_BYTES: Final = 16_384
"""Limits of a partial success message (`contract/otlp-receiver.md` §3)."""


class Decoded(Struct, frozen=True, kw_only=True):
    """The spans of an export that may become calls, and what is to be said about the rest.

    `rejected` spans never will; `reasons` says why, `warnings` what was odd about the accepted ones, and
    `counts` adds to counters of `telemetry.NOTES`.
    """

    spans: list[Span]
    rejected: int
    reasons: list[str]
    warnings: list[str]
    counts: dict[str, int]


class DecodedLogs(Struct, frozen=True, kw_only=True):
    """The log records of an export, by span: `accepted` records are in `spans`; the rest as in `Decoded`."""

    spans: list[LoggedSpan]
    accepted: int
    rejected: int
    reasons: list[str]
    warnings: list[str]
    counts: dict[str, int]


def partial_message(reasons: Sequence[str], warnings: Sequence[str]) -> str:
    """Join the first 20 distinct reasons and warnings, then count the others; at most 16 KiB of UTF-8."""
    distinct = list(dict.fromkeys((*reasons, *warnings)))
    more = len(distinct) - MAX_REASONS
    tail = f"; and {more} more" if more > 0 else ""
    text = "; ".join(distinct[:MAX_REASONS]).encode(errors="replace")
    room = MAX_MESSAGE_BYTES - len(tail)
    if len(text) > room:
        text = text[: room - 3] + b"..."
    return text.decode(errors="ignore") + tail
