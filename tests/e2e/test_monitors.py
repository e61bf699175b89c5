"""Monitors score calls as they end, without a request."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest

from tests.e2e import client
from tests.e2e.process import running

SECONDS = 60


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    with running(tmp_path_factory.mktemp("monitors") / "data") as bridge:
        yield bridge


def end_call(api: str, op_name: str, **members: Any) -> str:
    """Write a call that has ended; return its id."""
    number = str(uuid.uuid4())
    call = {"project_id": client.PROJECT, "id": number, "trace_id": number, "op_name": op_name,
            "started_at": "2026-11-01T00:00:00Z", "ended_at": "2026-11-01T00:00:01Z", "attributes": {},
            "inputs": {"n": 1}, "output": "{}", "summary": {}}  # fmt: skip
    client.post(api, f"/v2/{client.PROJECT}/calls/complete", {"batch": [call | members]})
    return number


def publish(api: str, name: str, val: dict[str, Any]) -> str:
    """Publish an object; return its ref."""
    obj = {"project_id": client.PROJECT, "object_id": name, "val": val}
    digest = client.post(api, "/obj/create", {"obj": obj})["digest"]
    return f"weave:///{client.PROJECT}/object/{name}:{digest}"


def a_scorer(api: str, name: str = "is_json", **members: Any) -> str:
    """Publish what a registered scorer is published as."""
    bases = ["Scorer", "Object", "BaseModel"]
    val = {"_type": "OtelBridgeScorer", "_class_name": "OtelBridgeScorer", "_bases": bases, "name": name,
           "description": None, "column_map": None, "kind": "valid_json", "settings": {}}  # fmt: skip
    return publish(api, name, val | members)


def a_monitor(api: str, name: str, scorer: str, **members: Any) -> str:
    """Publish a monitor as Weave's SDK does."""
    val = {"_type": "Monitor", "_class_name": "Monitor", "_bases": ["Object", "BaseModel"], "name": name,
           "description": None, "sampling_rate": 1.0, "scorers": [scorer], "op_names": [], "query": None,
           "is_traced": True, "active": True, "scorer_debounce_config": None}  # fmt: skip
    return publish(api, name, val | members)


def feedback(api: str, call: str) -> list[dict[str, Any]]:
    of_call = {"$eq": [{"$getField": "weave_ref"}, {"$literal": f"weave:///{client.PROJECT}/call/{call}"}]}
    asked = {"project_id": client.PROJECT, "query": {"$expr": of_call}}
    return client.post(api, "/feedback/query", asked)["result"]


def scored(api: str, call: str) -> dict[str, Any]:
    """Wait for the one result of a call."""
    end = time.monotonic() + SECONDS
    while not (found := feedback(api, call)) and time.monotonic() < end:
        time.sleep(0.05)
    (one,) = found
    return one


def test_a_monitor_scores_what_ends_while_it_is_active(bridge):
    before = end_call(bridge.api, "answer")
    scorer = a_scorer(bridge.api)
    op = f"weave:///{client.PROJECT}/op/answer:*"
    operands = [{"_type": "GetFieldOperator", "$getField": "inputs.n"}, {"$literal": 1}]
    query = {"_type": "Query", "$expr": {"_type": "EqOperation", "$eq": operands}}
    monitor = a_monitor(bridge.api, "watch", scorer, op_names=[op], query=query)
    other_op, other_input = end_call(bridge.api, "other"), end_call(bridge.api, "answer", inputs={"n": 2})
    failed = end_call(bridge.api, "answer", exception="boom")
    during = end_call(bridge.api, "answer")
    result = scored(bridge.api, during)
    assert result["payload"]["output"]["passed"] is True
    assert result["feedback_type"] == "wandb.runnable.is_json"
    assert (result["runnable_ref"], result["trigger_ref"]) == (scorer, monitor)

    a_monitor(bridge.api, "watch", scorer, op_names=[op], query=query, active=False)
    asleep = end_call(bridge.api, "answer")
    a_monitor(bridge.api, "watch", scorer, op_names=[op], query=query)
    again = end_call(bridge.api, "answer")
    assert scored(bridge.api, again)["trigger_ref"] == monitor
    silent = {before, other_op, other_input, failed, asleep}
    assert [feedback(bridge.api, call) for call in silent] == [[]] * 5


def test_a_run_is_a_call_beside_the_trace_that_it_judges(bridge):
    scorer = a_scorer(bridge.api)
    call = end_call(bridge.api, "question", display_name="What is it?")
    asked = {"project_id": client.PROJECT, "call_ids": [call], "scorer_refs": [scorer]}
    client.post(bridge.api, "/calls/score", asked)
    run_id = scored(bridge.api, call)["call_ref"].rpartition("/")[2]
    (run,) = client.post(
        bridge.api, "/calls/stream_query", {"project_id": client.PROJECT, "filter": {"call_ids": [run_id]}}
    )
    assert (run["op_name"], run["display_name"]) == ("is_json.score", "is_json on What is it?")
    assert run["trace_id"] != call
    assert run["inputs"]["self"] == scorer
    assert run["output"]["passed"] is True
    assert run["exception"] is None
    assert run["attributes"]["otel_bridge"]["scoring"]["scored_call"].endswith(call)


def test_what_cannot_be_scored_is_told_and_gives_no_feedback(bridge):
    scorer = a_scorer(bridge.api, "strict", kind="latency", settings={"max": "1s", "missing": "error"})
    number = str(uuid.uuid4())
    start = {"project_id": client.PROJECT, "id": number, "trace_id": number, "op_name": "running",
             "started_at": "2026-11-01T00:00:00Z", "attributes": {}, "inputs": {}}  # fmt: skip
    client.post(bridge.api, "/call/upsert_batch", {"batch": [{"mode": "start", "req": {"start": start}}]})
    asked = {"project_id": client.PROJECT, "call_ids": [number], "scorer_refs": [scorer]}
    client.post(bridge.api, "/calls/score", asked)
    told = errors_of(bridge.api, number)
    assert told["scorer_ref"] == scorer
    assert told["error"]
    assert feedback(bridge.api, number) == []
    query = {"project_id": client.PROJECT, "filter": {"op_names": ["strict.score"]}}
    (run,) = client.post(bridge.api, "/calls/stream_query", query)
    assert run["exception"] == told["error"]


def errors_of(api: str, call: str) -> dict[str, Any]:
    """Wait until the status tells what went wrong with a call."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        _, answer = client.call(f"{api}/calls/score/status?project_id={client.PROJECT}&state=failed")
        for error in json.loads(answer)["errors"]:
            if error["call_id"] == call:
                return error
        time.sleep(0.05)
    raise AssertionError("nothing is told")
