"""Whether a verdict is what its schema says: not every server that is told a schema keeps to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from otel_bridge.scorer.base import ScorerFailed
from otel_bridge.scorer.rules.opening import open_rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.scorer.judge.answer import Answer
    from otel_bridge.scorer.rules.base import Rule


def fitting(schema: Mapping[str, Any]) -> Rule:
    """Return what tells whether a verdict fits; raise Unusable for a schema that cannot be used."""
    return open_rule("json_schema", {"schema": dict(schema), "field": "output", "text_is": "string"})


def check_fits(answer: Answer, schema: Mapping[str, Any]) -> None:
    """Raise ScorerFailed, with the tokens that were spent, for a verdict that does not fit."""
    found = fitting(schema).judge({"output": orjson.loads(bytes(answer.output))})
    if not found["passed"]:
        raise ScorerFailed(
            f"the answer of the model does not fit the schema: {found['reason']}", usage=answer.usage
        )
