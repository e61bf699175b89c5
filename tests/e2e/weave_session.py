"""What a program does with the Weave SDK; `test_weave_sdk` runs it and reads what it prints."""

from __future__ import annotations

import asyncio
import json
import sys

import weave

client = weave.init("me/proj")


@weave.op
def inner(x: int) -> int:
    return x + 1


@weave.op
def outer(x: int) -> int:
    return inner(x) * 2


class Tripler(weave.Model):
    factor: int

    @weave.op
    def predict(self, x: int) -> int:
        return x * self.factor


class IsRight(weave.Scorer):
    @weave.op
    def score(self, output: int, expected: int) -> dict:
        return {"right": output == expected}


class IsPositive(weave.Scorer):
    @weave.op
    def score(self, output: int) -> bool:
        return output > 0


def objects() -> dict:
    """Publish values of every kind and read them back."""
    plain = weave.publish({"a": [1, {"b": "héllo"}], "n": None, "f": 0.5}, "plain")
    model = weave.publish(Tripler(factor=3), "tripler")
    holder = weave.publish({"held": model.uri}, "holder")
    rows = [{"x": number, "expected": number * 3} for number in range(250)]
    dataset = weave.publish(weave.Dataset(name="numbers", rows=rows))
    again = dataset.get()
    weave.publish({"v": 1}, "versions")
    weave.publish({"v": 2}, "versions")
    return {
        "plain": json.loads(json.dumps(plain.get(), default=dict)),
        "prediction": model.get().predict(4),
        "held": holder.get()["held"].factor,
        "rows": [len(again.rows), dict(list(again.rows)[249])],
        "row_by_ref": dict(weave.ref(again.rows[7].ref.uri).get()),
        "latest": weave.ref("versions").get()["v"],
        "first": weave.ref("versions:v0").get()["v"],
        "digests": [plain.digest, holder.digest, dataset.digest],
    }


def feedback() -> dict:
    """Say something about a call, read it back, take some of it back."""
    result, call = outer.call(3)
    call.feedback.add_reaction("👍🏽")
    note = call.feedback.add_note("well done")
    call.feedback.add("custom", {"value": 0.5})
    client.flush()
    kinds = [(one.feedback_type, one.payload) for one in client.get_call(call.id).feedback]
    call.feedback.purge(note)
    scored = asyncio.run(call.apply_scorer(IsPositive()))
    client.flush()
    left = client.get_call(call.id)
    listed = next(iter(client.get_calls(filter={"call_ids": [call.id]}, include_feedback=True)))
    return {
        "result": result,
        "kinds": kinds,
        "left": sorted(one.feedback_type for one in left.feedback),
        "score": scored.result,
        "included": sorted(one["feedback_type"] for one in listed.summary["weave"]["feedback"]),
        "scored_by": [one.id == call.id for one in client.get_calls(scored_by="IsPositive")],
        "children": [child.op_name.rpartition("/")[2].partition(":")[0] for child in left.children()],
    }


def costs() -> dict:
    """Set a price, let a call use tokens, read what it cost."""
    client.add_cost("my-model", prompt_token_cost=1.0, completion_token_cost=10.0)
    usage = {"my-model": {"prompt_tokens": 2, "completion_tokens": 3, "requests": 1, "total_tokens": 5}}
    call = client.create_call("llm", {"q": 1})
    call.summary = {"usage": usage}
    client.finish_call(call, output={"usage": usage["my-model"], "model": "my-model"})
    client.flush()
    listed = next(iter(client.get_calls(filter={"call_ids": [call.id]}, include_costs=True)))
    known = client.query_costs(llm_ids=["my-model"])
    client.purge_costs([one.id for one in known])
    cost = listed.summary["weave"].get("costs", {}).get("my-model", {})
    return {
        "total": [cost.get("prompt_tokens_total_cost"), cost.get("completion_tokens_total_cost")],
        "known": [one.llm_id for one in known],
        "left": client.query_costs(llm_ids=["my-model"]),
    }


def evaluation() -> dict:
    """Evaluate a model."""
    rows = [{"x": number, "expected": number * 3} for number in range(3)]
    found = asyncio.run(weave.Evaluation(dataset=rows, scorers=[IsRight()]).evaluate(Tripler(factor=3)))
    return {"right": found["IsRight"]["right"]}


def main() -> None:
    parts = (objects, feedback, costs, evaluation)
    outcome = {part.__name__: part() for part in parts}
    outcome["gave_up_digests"] = client.project_id_resolver.is_disabled
    client.finish()
    sys.stdout.write("\nOUTCOME " + json.dumps(outcome) + "\n")


if __name__ == "__main__":
    main()
