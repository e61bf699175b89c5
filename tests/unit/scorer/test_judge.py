"""Judges: their settings, the objects of Weave's SDK that amount to one, and what is sent."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from pydantic import ValidationError

from otel_bridge.scorer.base import ScorerFailed, Unusable
from otel_bridge.scorer.catalogue import registered, spec_of_object
from otel_bridge.scorer.judge.asking import Adaptation, body_of, messages_of
from otel_bridge.scorer.judge.judge import judge_of
from otel_bridge.scorer.judge.stored import settings_of
from otel_bridge.scorer.judge.template import MAX_PROMPT_BYTES
from otel_bridge.scorer.settings import ScoringSettings

PUBLISHED = Path(__file__).parents[2] / "fixtures" / "weave" / "judges.json"
"""Objects as the Weave SDK 0.54.0 published them, by name, with nested objects in the place of refs."""
REF = "weave:///me/proj/object/polite:d1"


@pytest.fixture
def published():
    return orjson.loads(PUBLISHED.read_bytes())


def asked(settings, values, **more):
    """The request of a judge about values, as the model server reads it."""
    judge = judge_of(settings)
    return orjson.loads(body_of(judge, judge.model, messages_of(judge, values), **more))


class TestStoredJudges:
    def test_a_prompt_is_one_user_message(self, published):
        body = asked(settings_of(published["prompt"]), {"output": "Hi", "question": "q"})
        assert body == {
            "model": "openai/gpt-4o",
            "temperature": 0.0,
            "max_tokens": 50,
            "response_format": {"type": "json_object"},
            "messages": [{"role": "user", "content": 'Is Hi polite for q? Answer {"polite": bool}'}],
        }

    def test_messages_of_a_prompt_object_are_filled_in_and_their_parts_too(self, published):
        body = asked(
            settings_of(published["messages"]), {"output": [1], "x": "X", "img": "https://e.org/i.png"}
        )
        assert body["messages"][1:] == [
            {"role": "user", "content": "[1]"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "[1] X"},
                    {"type": "image_url", "image_url": {"url": "https://e.org/i.png"}},
                ],
            },
        ]

    def test_messages_of_the_model_go_before_the_prompt_as_they_are(self, published):
        body = asked(settings_of(published["template"]), {"output": "o"})
        assert body["messages"] == [
            {"role": "system", "content": "You are {who}"},
            {"role": "user", "content": "hello o"},
        ]

    def test_a_prompt_object_of_the_model_takes_the_place_of_its_messages(self, published):
        body = asked(settings_of(published["model_prompt"]), {"output": "o"})
        assert body["messages"] == [
            {"role": "system", "content": "You judge {output}"},
            {"role": "user", "content": "o"},
        ]
        assert "response_format" not in body

    def test_a_provider_object_says_where_the_model_is(self, published):
        judge = judge_of(settings_of(published["provider"]))
        assert judge.model == "mine-gpt"
        assert judge.host is not None
        assert judge.host.base_url == "https://llm.example.com/v1"
        assert (judge.host.secret, judge.host.headers) == ("MINE_KEY", {"X-A": "b"})

    def test_n_times_is_not_asked_for_as_one_answer_is_read(self, published):
        published["prompt"]["model"]["default_params"]["n_times"] = 5
        assert "n" not in asked(settings_of(published["prompt"]), {"output": "", "question": ""})

    def test_a_judge_made_on_a_page_holds_its_model_itself_and_may_ask_for_a_schema(self):
        schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
        val = {
            "_class_name": "LLMAsAJudgeScorer",
            "model": {
                "_class_name": "LLMStructuredCompletionModel",
                "llm_model_id": "gpt-4o",
                "default_params": {
                    "response_format": {"type": "json_schema", "json_schema": {"schema": schema}}
                },
            },
            "scoring_prompt": "{output}",
            "is_traced": True,
        }
        assert judge_of(settings_of(val)).response_schema == schema

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"model": {"_type": "LLMStructuredCompletionModel", "default_params": 7}}, "is no object"),
            ({"model": {"_type": "LLMStructuredCompletionModel"}}, "its llm_model_id is no ProviderModel"),
            ({"model": {"_type": "LLMStructuredCompletionModel", "llm_model_id": " "}}, "names no model"),
            (
                {
                    "model": {
                        "_type": "LLMStructuredCompletionModel",
                        "llm_model_id": {"_type": "ProviderModel", "provider": {"_type": "Provider"}},
                    }
                },
                "has no base_url or no name",
            ),
            ({"enable_image_input_scoring": True}, "enable_image_input_scoring"),
            ({"enable_audio_input_scoring": True}, "not supported"),
            ({"model": "weave:///me/proj/object/gone:d"}, "its model is not kept here"),
            ({"model": None}, "its model is no LLMStructuredCompletionModel"),
            ({"model": {"_type": "Model"}}, "its model is no LLMStructuredCompletionModel, but Model"),
            ({"scoring_prompt": "weave:///me/proj/object/gone:d"}, "its scoring_prompt is not kept here"),
            (
                {"scoring_prompt": {"_type": "EasyPrompt"}},
                "no MessagesPrompt or StringPrompt, but EasyPrompt",
            ),
            ({"scoring_prompt": {"_type": "MessagesPrompt", "messages": "x"}}, "holds no list of messages"),
            ({"scoring_prompt": 'Answer {"a": 1}'}, "write {{ and }} for braces"),
        ],
    )
    def test_what_cannot_be_carried_out_says_why(self, published, change, said):
        with pytest.raises(Unusable) as unusable:
            settings_of({**published["prompt"], **change})
        assert said in str(unusable.value)

    def test_the_catalogue_makes_a_scorer_of_one_and_names_the_ref_of_one_that_cannot_be(self, published):
        known = registered(ScoringSettings())
        spec = spec_of_object(REF, published["prompt"], known)
        assert (spec.kind, spec.name, spec.column_map) == ("llm_judge", "polite", {"question": "q"})
        with pytest.raises(Unusable, match="object/polite:d1: it wants images"):
            spec_of_object(REF, {**published["prompt"], "enable_video_input_scoring": True}, known)


class TestConfiguredJudges:
    def configured(self, **more):
        scorer = {"type": "llm_judge", "model": "openai/gpt-4o", **more}
        spec = registered(ScoringSettings.model_validate({"scorers": {"mine": scorer}}))["mine"]
        return spec.settings

    def test_system_and_prompt_are_two_messages(self):
        settings = self.configured(system="Judge {output}", prompt="{question}?", params={"seed": 7})
        assert asked(settings, {"output": "o", "question": "q"}) == {
            "model": "openai/gpt-4o",
            "seed": 7,
            "messages": [{"role": "system", "content": "Judge o"}, {"role": "user", "content": "q?"}],
        }

    def test_a_schema_is_asked_for_and_strictly_where_it_is_closed(self):
        schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
        found = asked(self.configured(prompt="{output}", response_schema=schema), {"output": 1})
        wanted = {"name": "verdict", "schema": schema, "strict": False}
        assert found["response_format"] == {"type": "json_schema", "json_schema": wanted}
        closed = {**schema, "additionalProperties": False}
        found = asked(self.configured(prompt="{output}", response_schema=closed), {"output": 1})
        assert found["response_format"]["json_schema"]["strict"] is True

    def test_a_schema_can_be_told_in_words(self):
        settings = self.configured(prompt="{output}", response_schema={"type": "object"})
        found = asked(settings, {"output": 1}, adapted=frozenset({Adaptation.SCHEMA_IN_WORDS}))
        assert found["response_format"] == {"type": "json_object"}
        assert found["messages"][0]["role"] == "system"
        assert '{"type":"object"}' in found["messages"][0]["content"]

    @pytest.mark.parametrize(
        ("said", "named"),
        [
            ({}, "has no prompt"),
            ({"prompt": "{output}", "messages": [{"role": "user", "content": ""}]}, "not both"),
            ({"messages": [{"content": "x"}]}, "has no role"),
            ({"messages": [{"role": "user", "content": 7}]}, "neither text nor a list"),
            ({"prompt": "{output"}, "cannot be read"),
            ({"prompt": "x", "params": {"stream": True, "model": "y"}}, "params may not have model, stream"),
            ({"prompt": "x", "response_format": "text", "response_schema": {}}, "does not go with"),
            ({"prompt": "x" * (1 << 20)}, "larger than 1048576 bytes"),
        ],
    )
    def test_a_judge_that_makes_no_sense_is_a_mistake_of_the_configuration(self, said, named):
        with pytest.raises(ValidationError, match="llm_judge") as mistake:
            self.configured(**said)
        assert named in str(mistake.value)

    def test_a_prompt_that_is_too_large_is_not_sent(self):
        judge = judge_of(self.configured(prompt="{output}"))
        messages = messages_of(judge, {"output": '"' * (MAX_PROMPT_BYTES - 1)})
        with pytest.raises(ScorerFailed, match="larger than"):
            body_of(judge, "m", messages)
