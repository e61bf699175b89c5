"""Calls and feedback as expressions see them."""

from __future__ import annotations

from types import SimpleNamespace

import orjson

from otel_bridge.store.lines import Line
from otel_bridge.store.seen import SeenCall
from otel_bridge.store.trees import flags

GONE = object()
T0 = 1_767_323_045_006_000  # 2026-01-02T03:04:05.006Z


def a_remark(payload=None, *, kind="wandb.runnable.judge", runnable_ref=None, trigger_ref=None):
    return SimpleNamespace(
        kind=kind, payload=payload or {}, runnable_ref=runnable_ref, trigger_ref=trigger_ref
    )


def seen(remarks=(), **members) -> SeenCall:
    """Make a call; `remarks` come newest first."""
    trees = {
        name: None if members.get(name, GONE) is GONE else orjson.dumps(members.pop(name))
        for name in ("inputs", "output", "attributes", "summary")
    }
    plain = dict.fromkeys(Line.__struct_fields__) | {
        "id": "aa", "project_id": "e/p", "op_name": "chat", "trace_id": "bb", "started_at": T0,
    }  # fmt: skip
    values = {**plain, **trees, **members}
    values["flags"] = flags(
        attributes=values["attributes"], summary=values["summary"], exception=values["exception"]
    )

    def look_up(_call_id, kind):
        return [remark for remark in remarks if kind in {"*", remark.kind}]

    return SeenCall(Line(**values), look_up)
