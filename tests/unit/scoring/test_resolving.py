"""From refs to scorers, each looked up once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from otel_bridge.errors import Unavailable
from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.catalogue import object_form, registered
from otel_bridge.scorer.settings import ScoringSettings
from otel_bridge.scoring import resolving
from otel_bridge.scoring.client import open_client
from otel_bridge.scoring.resolving import Scorers
from tests.unit.scoring.double import ref, serving

READ = "/refs/read_batch"
KNOWN = registered(ScoringSettings.model_validate({"scorers": {"brief": {"type": "length", "max": 3}}}))


@asynccontextmanager
async def scorers_of(desk, check=lambda _spec: None, **settings):
    desk.objects[ref("brief")] = object_form(KNOWN["brief"])
    async with serving(desk) as url, open_client(url, name="w1") as client:
        yield Scorers(client, KNOWN, check, **settings)


async def test_a_ref_is_read_once_however_many_ask(desk):
    async with scorers_of(desk) as scorers:
        found = await asyncio.gather(*(scorers.get(ref("brief")) for _ in range(5)))
    assert {(spec.kind, spec.ref) for spec in found} == {("length", ref("brief"))}
    assert len(desk.bodies(READ)) == 1


async def test_objects_that_an_object_names_are_read_into_it(desk):
    desk.objects[ref("model")] = {"_type": "Model", "llm_model_id": "gpt", "default_params": ref("params")}
    desk.objects[ref("params")] = {"temperature": 0}
    desk.objects[ref("judge")] = {
        "_type": "Judge",
        "model": ref("model"),
        "score": "weave:///acme/app/op/s:d",
    }
    async with scorers_of(desk) as scorers:
        value = await scorers._value(ref("judge"))
    assert value["model"]["llm_model_id"] == "gpt"
    assert value["model"]["default_params"]["temperature"] == 0
    assert value["model"]["_ref"] == ref("model")
    assert value["score"] == "weave:///acme/app/op/s:d", "ops are code and stay refs"


async def test_a_name_in_a_message_is_told_to_be_no_ref(desk):
    async with scorers_of(desk) as scorers:
        with pytest.raises(Unusable, match="brief is no ref"):
            await scorers.get("brief")
    assert desk.bodies(READ) == []


async def test_what_is_not_there_and_what_may_not_run_is_unusable_and_asked_again_later(desk, monkeypatch):
    def check(spec):
        raise Unusable(f"{spec.name} may not run here")

    async with scorers_of(desk, check) as scorers:
        for _ in range(2):
            with pytest.raises(Unusable, match="does not exist here"):
                await scorers.get(ref("nothing"))
            with pytest.raises(Unusable, match="brief may not run here"):
                await scorers.get(ref("brief"))
        assert len(desk.bodies(READ)) == 2
        monkeypatch.setattr(resolving, "UNUSABLE_SECONDS", 0.0)
        scorers._unusable.clear()
        for _ in range(2):
            with pytest.raises(Unusable):
                await scorers.get(ref("nothing"))
    assert len(desk.bodies(READ)) == 4


async def test_a_bridge_that_is_away_says_nothing_about_a_scorer(desk):
    desk.answers[READ] = [503]
    async with scorers_of(desk) as scorers:
        with pytest.raises(Unavailable):
            await scorers.get(ref("brief"))
        assert (await scorers.get(ref("brief"))).kind == "length"


async def test_the_scorers_that_were_not_asked_for_longest_are_forgotten(desk, monkeypatch):
    monkeypatch.setattr(resolving, "MAX_KEPT", 2)
    form = object_form(KNOWN["brief"])
    for name in ("a", "b", "c"):
        desk.objects[ref(name)] = form
    async with scorers_of(desk) as scorers:
        for name in ("a", "b", "a", "c", "a", "b"):
            await scorers.get(ref(name))
    assert [body["refs"] for body in desk.bodies(READ)] == [[ref(name)] for name in "abcb"]


@pytest.mark.parametrize("confined", [True, False])
async def test_where_keys_are_for_projects_an_object_leads_to_no_other_project(desk, confined):
    foreign = "weave:///other/app/object/prompt:d"
    desk.objects[foreign] = {"content": "the secret of another project"}
    desk.objects[ref("own")] = {"content": "mine"}
    desk.objects[ref("judge")] = {"_type": "Judge", "scoring_prompt": foreign, "model": ref("own")}
    async with scorers_of(desk, confined=confined) as scorers:
        value = await scorers._value(ref("judge"))
    assert value["model"]["content"] == "mine"
    assert (value["scoring_prompt"] == foreign) == confined
