"""Where feedback holds values: `/feedback/payload_schema`, over either store; it is 2026-01-02T03:04:05Z."""

from __future__ import annotations

import pytest

from tests.contract.api.annex import a_note, a_score, create
from tests.contract.api.bodies import PROJECT

RANGE = {"start": "2026-01-02T00:00:00Z", "end": "2026-01-02T06:00:00Z"}
MONITOR = f"weave:///{PROJECT}/object/nightly:v1"


@pytest.fixture
def api(timed_api):
    return timed_api


async def score(api, *outputs, **members) -> None:
    for output in outputs:
        await create(api, a_score(output, **members))


async def places(api, **members) -> dict:
    reply = await api.post("/feedback/payload_schema", {"project_id": PROJECT} | RANGE | members)
    assert reply.status == 200, reply.body
    return reply.json


def shown(paths: list[dict]) -> dict:
    return {path["json_path"]: path["value_type"] for path in paths}


async def test_places_of_values_are_discovered_by_type(api):
    await score(api, {"score": 1, "ok": True, "tags": ["a"], "deep": {"x.y": 2.5}, "none": None, "n": [1]})
    await score(api, {"score": 2, "ok": 1, "0": 1, "": 1, 'q"': 1})
    await create(api, a_note())

    found = await places(api)
    judge = {
        "output.score": "numeric", "output.ok": "categorical", "output.tags": "categorical",
        r"output.deep.x\.y": "numeric",
    }  # fmt: skip
    assert shown(found["paths"]) == judge | {"note": "categorical"}
    assert [(one["feedback_type"], one["sampled"]) for one in found["feedback_types"]] == [
        ("wandb.note.1", 1),
        ("wandb.runnable.judge", 2),
    ]
    assert shown(found["feedback_types"][1]["paths"]) == judge
    assert [path["json_path"] for path in found["paths"]] == sorted(shown(found["paths"]))


async def test_a_verdict_that_is_a_bare_value_is_found_at_output(api):
    await score(api, True, False)
    assert shown((await places(api))["paths"]) == {"output": "boolean"}


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"sample_limit": 1}, {"output.new"}),
        ({"trigger_ref": MONITOR}, {"output.old"}),
        ({"feedback_type": "wandb.runnable.judge"}, {"output.new", "output.old"}),
        ({"feedback_type": "wandb.note.1"}, set()),
        ({"end": "2026-01-02T03:04:06Z"}, {"output.old"}),
        ({"project_id": "acme/other"}, set()),
    ],
)
async def test_the_newest_payloads_of_a_choice_are_looked_into(api, clock, members, found):
    await score(api, {"old": 1}, trigger_ref=MONITOR)
    clock.seconds += 1
    await score(api, {"new": 1})

    assert set(shown((await places(api, **members))["paths"])) == found


@pytest.mark.parametrize("limit", [0, 5001])
async def test_a_sample_has_bounds(api, limit):
    body = {"project_id": PROJECT, "start": RANGE["start"], "sample_limit": limit}
    reply = await api.post("/feedback/payload_schema", body)
    assert reply.status == 422
    assert reply.json["detail"][0]["loc"] == ["body", "sample_limit"]
