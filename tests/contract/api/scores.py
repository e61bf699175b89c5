"""Scoring as clients and workers ask for it, over a store in memory."""

from __future__ import annotations

from otel_bridge.api.scoring.desk import ScoringDesk
from otel_bridge.scorer.settings import ScoringSettings
from otel_bridge.store.memory import MemoryStore
from tests.contract.api.bodies import PROJECT, call_id
from tests.contract.api.calls import InProcessCalls
from tests.contract.api.ledger import InProcessScoring

PATH = "/calls/score"
STATUS = "/calls/score/status"
SETTINGS = ScoringSettings.model_validate(
    {"scorers": {"polite": {"type": "contains", "texts": ["please"], "description": "Says please."}}}
)
FORM = {
    "_type": "OtelBridgeScorer",
    "_class_name": "OtelBridgeScorer",
    "_bases": ["Scorer", "Object", "BaseModel"],
    "name": "mine",
    "description": None,
    "column_map": None,
    "kind": "contains",
    "settings": {"texts": ["yes"]},
}
CODE = FORM | {"_type": "Clever", "_class_name": "Clever"}


async def serve_scoring(serve, settings: ScoringSettings = SETTINGS):
    """Start an API that scores, with the calls 1, 2 and 3; its `desk` is there to be looked at."""
    store = MemoryStore()
    desk = ScoringDesk(InProcessScoring(store), settings)
    api = await serve(InProcessCalls(store), scoring=desk)
    api.desk = desk
    await api.keep_calls(1, 2, 3)
    return api


async def publish(api, name: str = "mine", val: dict = FORM, project_id: str = PROJECT) -> str:
    reply = await api.post("/obj/create", {"obj": {"project_id": project_id, "object_id": name, "val": val}})
    assert reply.status == 200, reply.body
    return f"weave:///{project_id}/object/{name}:{reply.json['digest']}"


def a_request(*calls: int, refs=("valid_json",), **members) -> dict:
    return {
        "project_id": PROJECT,
        "call_ids": [call_id(one) for one in calls],
        "scorer_refs": list(refs),
    } | members


async def tasks(api) -> set[tuple[int, str]]:
    """The tasks that wait: the number of the call and the name of the scorer."""
    reply = await api.post("/bridge/scoring/lease", {"worker": "w", "limit": 1000, "lease_seconds": 0.001})
    return {
        (int(one["task"]["call_id"], 16), one["task"]["scorer_ref"].rpartition("/")[2].partition(":")[0])
        for one in reply.json["leased"]
    }


async def counts(api, **asked: str) -> dict:
    query = "&".join(f"{name}={value}" for name, value in ({"project_id": PROJECT} | asked).items())
    reply = await api.get(f"{STATUS}?{query}")
    assert reply.status == 200, reply.body
    return {state: count for state, count in reply.json["counts"].items() if count}


async def settle(api, state: str = "done", **members) -> None:
    """Do what waits."""
    leased = (await api.post("/bridge/scoring/lease", {"worker": "w", "limit": 1000})).json["leased"]
    outcomes = [
        {"task": one["task"], "attempt": one["attempt"], "state": state, **members, "run": a_run(state)}
        for one in leased
    ]
    reply = await api.post("/bridge/scoring/settle", {"worker": "w", "outcomes": outcomes})
    assert (reply.status, reply.json["kept"]) == (200, len(leased)), reply.body


def a_run(state: str) -> dict:
    return {
        "op_name": "valid_json",
        "started_at": 1_790_000_000_000_000,
        "ended_at": 1_790_000_000_500_000,
        "inputs": {},
        "output": {"passed": True} if state == "done" else None,
        "summary": {},
        "attributes": {},
    }
