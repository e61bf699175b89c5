"""What a program does with the Weave SDK to have calls scored; `test_weave_scoring` reads what it prints."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta

import weave
from weave.flow.llm_structured_model import LLMStructuredCompletionModel
from weave.scorers.llm_as_a_judge_scorer import LLMAsAJudgeScorer
from weave.scorers.remote_scorer import RemoteScorer
from weave.trace.builtin_object_classes.provider import Provider, ProviderModel
from weave.vendor import weave_server_sdk

PATIENCE_SECONDS = 60
PROJECT = "me/scored"
API = os.environ["WANDB_BASE_URL"]
SERVICE = os.environ["SCORED_BY"]

client = weave.init(PROJECT)


@weave.op
def reply(question: str) -> str:
    return "Sorry, please wait." if "where" in question else "Look yourself."


class Positive(weave.Scorer):
    @weave.op
    def score(self, output: str) -> bool:
        return bool(output)


def judge(name: str, model: str, prompt: object, **params: object) -> LLMAsAJudgeScorer:
    described = LLMStructuredCompletionModel(llm_model_id=model, default_params=params)
    return LLMAsAJudgeScorer(name=name, model=described, scoring_prompt=prompt)


def judges() -> dict:
    """Publish judges of every form that the SDK knows, and what they are made of."""
    prompt = weave.MessagesPrompt([
        {"role": "system", "content": "You judge replies."},
        {"role": "user", "content": [{"type": "text", "text": "{question} -> {output}"}]},
    ])  # fmt: skip
    as_json, as_text = {"response_format": "json_object", "temperature": 0.0}, {"response_format": "text"}
    provider = weave.publish(
        Provider(name="mine", base_url="https://models.example.com/v1", api_key_name="NO_SUCH_KEY"), "mine"
    )
    of_provider = weave.publish(ProviderModel(name="m", provider=provider.uri, max_tokens=9), "mine-m")
    made = {
        "polite": judge("polite", "fake/fake-1", 'Is "{output}" polite? Answer {{"pass": bool}}.', **as_json),
        "worded": judge("worded", "fake/fake-1", prompt, **as_text),
        "vague": judge("vague", "fake/fake-no-json", "{output}", **as_json),
        "patient": judge("patient", "fake/fake-429-once", "{output}", **as_text),
        "elsewhere": judge("elsewhere", of_provider.uri, "{output}"),
        "remote": RemoteScorer(
            name="remote",
            endpoint_url=SERVICE,
            config={"threshold": 0.5},
            auth_config={"mode": "static_bearer", "bearer_secret_name": "SERVICE_TOKEN"},
        ),
        "coded": Positive(name="coded"),
    }
    return {name: weave.publish(one).uri for name, one in made.items()}


def score(calls: list, refs: list[str]) -> None:
    """Ask for scores, as the SDK does it."""
    ids = [call.id for call in calls]
    client.server.calls_score({"project_id": PROJECT, "call_ids": ids, "scorer_refs": refs})


def refused(calls: list, refs: list[str]) -> str:
    try:
        score(calls, refs)
    except weave_server_sdk.BadRequestError as error:
        return str(error)
    return ""


def settled() -> dict:
    """Wait until nothing is left to be scored; return the status."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{API}/calls/score/status?project_id={PROJECT}") as answer:
            status = json.load(answer)
        if not status["counts"].get("queued") and not status["counts"].get("leased"):
            return status
        time.sleep(0.1)
    raise TimeoutError(json.dumps(status))


def verdicts(call) -> dict:
    """What the SDK reads back about one call."""
    rows = [one for one in client.get_call(call.id).feedback if one.runnable_ref]
    return {
        one.feedback_type.removeprefix("wandb.runnable."): {
            "output": one.payload["output"],
            "runnable_ref": one.runnable_ref,
            "call_ref": one.call_ref,
            "trigger_ref": one.trigger_ref,
        }
        for one in rows
    }


def runs(found: dict) -> dict:
    """The calls that record how the judges ran."""
    told = {}
    for name, verdict in found.items():
        call_id = verdict["call_ref"].rpartition("/")[2]
        call = next(iter(client.get_calls(filter={"call_ids": [call_id]}, include_costs=True)))
        told[name] = {
            "op_name": call.op_name,
            "usage": call.summary.get("usage"),
            "costs": call.summary["weave"].get("costs"),
            "inputs": sorted(call.inputs),
            "output": json.loads(json.dumps(call.output, default=dict)),
            "exception": call.exception,
            "attempt": call.attributes["otel_bridge"]["scoring"]["attempt"],
        }
    return told


def watched(refs: dict) -> dict:
    """Let a monitor of the SDK score a call when it ends, without a request."""
    scorers = [weave.ref(refs[name]).get() for name in ("polite", "remote")]
    query = {"$expr": {"$contains": {"input": {"$getField": "output"}, "substr": {"$literal": "please"}}}}
    monitor = weave.Monitor(name="watch", scorers=scorers, op_names=["reply"], query=query)
    ref = monitor.activate().uri
    _, passed_over = reply.call("what is it?")
    _, call = reply.call("where is it?")
    client.flush()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(told := verdicts(call)) < len(scorers):
        assert time.monotonic() < deadline, "the monitor scored nothing"
        time.sleep(0.1)
    return {"ref": ref, "verdicts": told, "passed_over": verdicts(passed_over)}


def series(name: str) -> dict:
    """What the SDK is told of a scorer's verdicts over the last hour."""
    last_hour = {"project_id": PROJECT, "start": datetime.now(UTC) - timedelta(hours=1)}
    last_hour["feedback_type"] = f"wandb.runnable.{name}"
    metrics = [{"json_path": "output.score"}, {"json_path": "output.pass", "value_type": "boolean"}]
    places = client.server.feedback_payload_schema(last_hour).paths
    return {
        "places": {one.json_path: one.value_type for one in places},
        "told": client.server.feedback_stats(last_hour | {"metrics": metrics}).window_stats,
    }


def found(**query) -> list[str]:
    return sorted(call.id for call in client.get_calls(**query))


def main() -> None:
    client.add_cost("fake-1", prompt_token_cost=1.0, completion_token_cost=10.0)
    _, kind = reply.call("where is it?")
    _, unkind = reply.call("what is it?")
    client.flush()
    refs = judges()
    wanted = [refs[name] for name in ("polite", "worded", "patient", "vague", "remote")]
    bad = refused([kind], [refs["coded"], refs["elsewhere"], refs["polite"]])
    score([kind, unkind], wanted)
    status = settled()
    told = {"kind": verdicts(kind), "unkind": verdicts(unkind)}
    recorded = {"kind": runs(told["kind"]), "unkind": runs(told["unkind"])}
    score([kind, unkind], wanted)  # nothing is left to do
    settled()
    asyncio.run(client.get_call(kind.id).apply_scorer(Positive(name="here")))
    client.flush()
    outcome = {
        "refs": refs,
        "refused": bad,
        "status": status,
        "ids": {"kind": kind.id, "unkind": unkind.id},
        "verdicts": told,
        "again": len(list(client.get_call(kind.id).feedback)),
        "runs": recorded,
        "loaded": weave.ref(refs["polite"]).get().model.llm_model_id,
        "scored_by_name": found(scored_by="polite"),
        "scored_by_ref": found(scored_by=refs["polite"]),
        "scored_by_both": found(scored_by=["polite", "here"]),
        "scored_by_none": found(scored_by="vague"),
        "passed": found(query={"$expr": {"$eq": [
            {"$getField": "feedback.[wandb.runnable.polite].payload.output.pass"}, {"$literal": "true"}
        ]}}),
        "errors": [one["error"] for one in status["errors"]],
        "series": series("polite"),
    }  # fmt: skip
    outcome["monitor"] = watched(refs)
    client.finish()
    sys.stdout.write("\nOUTCOME " + json.dumps(outcome) + "\n")


if __name__ == "__main__":
    main()
