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
    the run.
    """

    output: Raw
    inputs: Raw = NO_INPUTS
    usage: dict[str, dict[str, Any]] | None = None
    notes: dict[str, Any] | None = None


class Unusable(Exception):
    """A scorer that cannot be used; the message says why and what can be done about it."""


class ScorerFailed(Exception):
    """Scoring this call failed, and would fail again. `inputs` and `usage` as in a Verdict."""

    def __init__(self, reason: str, *, inputs: Raw | None = None, usage: Usage | None = None) -> None:
        super().__init__(reason)
        self.inputs = inputs
        self.usage = usage


class ScorerBusy(Exception):
    """Scoring this call failed for now; try again, after `retry_after` seconds where that is known."""

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        inputs: Raw | None = None,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.inputs = inputs
        self.usage = usage
