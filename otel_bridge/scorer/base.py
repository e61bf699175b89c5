"""What scoring one call gives: a verdict, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Raw, Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

Usage: TypeAlias = "Mapping[str, Mapping[str, Any]]"
"""Model → tokens, as `summary.usage` has them."""

NO_INPUTS: Final = Raw(b"{}")


class Verdict(Struct, frozen=True, kw_only=True):
    """What a scorer says of a call.

    `output` is the result, compact JSON. `inputs` is a JSON object of what the scorer was given, for the call
    that records the run. `usage` tells the tokens of the models that were asked; `notes` are attributes of
    the run. `started_at` and `ended_at` are microseconds since the Unix epoch, 0 where they are not known.
    """

    output: Raw
    inputs: Raw = NO_INPUTS
    usage: dict[str, dict[str, Any]] | None = None
    notes: dict[str, Any] | None = None
    started_at: int = 0
    ended_at: int = 0


class Unusable(Exception):
    """A scorer that cannot be used; the message says why and what can be done about it."""


class NoVerdict(Exception):
    """Scoring a call gave no verdict. `inputs`, `usage` and times as in a Verdict."""

    def __init__(
        self,
        reason: str,
        *,
        inputs: Raw | None = None,
        usage: Usage | None = None,
        started_at: int = 0,
        ended_at: int = 0,
    ) -> None:
        super().__init__(reason)
        self.inputs = inputs
        self.usage = usage
        self.started_at = started_at
        self.ended_at = ended_at


class ScorerFailed(NoVerdict):
    """Scoring this call failed, and would fail again."""


class ScorerBusy(NoVerdict):
    """Scoring this call failed for now; try again, after `retry_after` seconds where that is known."""

    def __init__(self, reason: str, *, retry_after: float | None = None, **known: Any) -> None:
        super().__init__(reason, **known)
        self.retry_after = retry_after
