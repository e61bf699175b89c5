"""Weave's own scorers that hold settings and no code: class → kind, and what reads the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from otel_bridge.scorer import remote
from otel_bridge.scorer.judge import stored as judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Reader: TypeAlias = "Callable[[Mapping[str, Any]], dict[str, Any]]"
"""From the value of an object, with nested objects in place, to the settings of a Spec; raises Unusable."""

STORED: Final[Mapping[str, tuple[str, Reader]]] = {
    "LLMAsAJudgeScorer": ("llm_judge", judge.settings_of),
    "RemoteScorer": ("remote", remote.settings_of),
}
