"""A call, and a scorer applied to it."""

from __future__ import annotations

from otel_bridge.scorer.rules.opening import open_rule

CALL = {
    "id": "c1",
    "project_id": "ada/demo",
    "op_name": "chat",
    "started_at": "2026-11-28T12:00:00.000000Z",
    "ended_at": "2026-11-28T12:00:02.500000Z",
    "inputs": {"question": "Is it sunny?", "expected": "Yes, it is."},
    "attributes": {"gen_ai.request.model": "m", "n": None},
    "output": "yes, it is.",
    "summary": {"usage": {"m": {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}}},
}


def a_call(output=None, **members) -> dict:
    return CALL | {"output": output} | members


def scored(kind: str, settings: dict, output=None, **members) -> dict:
    """Apply a scorer to a call with this output."""
    return open_rule(kind, settings).judge(a_call(output, **members))
