"""What a program gave, out of what its instrumentation put around it."""

from __future__ import annotations

import pytest

from tests.unit.scorer.rules import scored

SPAN, SDK = "00f067aa0ba902b7", "0193a7c4-7f31-7c21-8e9b-3d1f0c4a5b6d"
JSON = '{"a": 1}'


def said(text):
    return {"role": "assistant", "content": text}


@pytest.mark.parametrize(
    ("output", "place"),
    [
        pytest.param(JSON, "output", id="as-it-is"),
        pytest.param({"output.value": JSON}, r"output.output\.value", id="openinference"),
        pytest.param({"gen_ai.completion": [said(JSON)]}, r"output.gen_ai\.completion", id="openllmetry"),
        pytest.param({"final_result": JSON}, "output.final_result", id="pydantic-ai"),
        pytest.param(
            {"gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": JSON}]}]},
            r"output.gen_ai\.output\.messages",
            id="gen-ai",
        ),
        pytest.param(
            {"ai.response": {"finishReason": "stop", "text": JSON, "id": "x"}},
            r"output.ai\.response",
            id="vercel",
        ),
        pytest.param(
            {
                "output.value": {
                    "messages": [{"type": "human", "content": "q"}, {"type": "ai", "content": JSON}]
                }
            },
            r"output.output\.value",
            id="langchain",
        ),
        pytest.param(
            {"gcp.vertex.agent.llm_response": {"content": {"parts": [{"text": JSON}], "role": "model"}}},
            r"output.gcp\.vertex\.agent\.llm_response",
            id="gemini",
        ),
        pytest.param(
            {"candidates": [{"content": {"parts": [{"text": JSON}]}}]}, "output", id="gemini-itself"
        ),
        pytest.param({"choices": [{"message": said(JSON), "index": 0}]}, "output", id="openai-itself"),
        pytest.param(
            {"choices": [{"text": JSON, "finish_reason": "stop"}]}, "output", id="openai-completion"
        ),
        pytest.param(
            {"role": "assistant", "type": "message", "content": [{"type": "text", "text": JSON}]},
            "output",
            id="anthropic-itself",
        ),
        pytest.param(
            [said("an earlier answer"), {"role": "user", "content": "again"}, said(JSON)],
            "output",
            id="after-the-last-question",
        ),
        pytest.param(
            [
                {
                    "role": "assistant",
                    "parts": [{"type": "reasoning", "content": "hm"}, {"type": "text", "text": JSON}],
                }
            ],
            "output",
            id="without-thoughts",
        ),
    ],
)
def test_an_answer_is_judged_by_its_text_whoever_told_it(output, place):
    found = scored("exact_match", {"value": JSON}, output, id=SPAN)
    assert (found["passed"], found["field"]) == (True, place)
    assert scored("valid_json", {}, output, id=SPAN)["json_type"] == "object"
    assert scored("length", {}, output, id=SPAN)["length"] == len(JSON)


@pytest.mark.parametrize(
    "output",
    [
        pytest.param({"answer": "hi"}, id="a-program's-own-object"),
        pytest.param({"output.value": "hi", "more": 1}, id="two-members"),
        pytest.param({"final_result": "hi"}, id="a-plain-word-of-a-program"),
        pytest.param({"choices": [{"text": "A", "right": True}, {"text": "B"}]}, id="a-quiz"),
        pytest.param({"choices": ["A"]}, id="a-list-of-choices"),
        pytest.param([{"type": "circle"}, {"type": "square"}], id="things-with-a-type"),
        pytest.param([{"role": "tool", "content": "hi"}], id="what-a-tool-said"),
        pytest.param({"messages": "none"}, id="no-messages"),
    ],
)
def test_what_a_program_gave_itself_is_judged_as_it_is(output):
    found = scored("exact_match", {"value": output}, output, id=SDK)
    assert (found["passed"], found["field"]) == (True, "output")


def test_a_path_leads_into_what_is_kept_and_into_what_the_program_gave():
    output = {"output.value": {"status": "ok", "output": 1}}
    for field in ("output.status", r"output.output\.value.status"):
        found = scored("exact_match", {"field": field, "value": "ok"}, output)
        assert (found["passed"], found["field"]) == (True, r"output.output\.value.status")


def test_inputs_are_judged_by_what_people_said():
    asked = [{"role": "system", "content": "Be terse"}, {"role": "user", "content": "6*7?"}]
    inputs = {"gen_ai.input.messages": asked}
    assert scored("exact_match", {"field": "inputs", "value": "6*7?"}, inputs=inputs)["passed"]
    found = scored("exact_match", {"value_field": "inputs.q"}, "6*7?", inputs={"input.value": {"q": "6*7?"}})
    assert found["passed"]


def test_a_field_may_be_judged_as_it_is_kept():
    output = {"output.value": "no JSON"}
    assert not scored("valid_json", {}, output)["passed"]
    found = scored("valid_json", {"raw": True}, output)
    assert (found["passed"], found["field"], found["json_type"]) == (True, "output", "object")


def test_an_answer_that_only_calls_tools_has_no_text():
    output = [{"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}]
    assert scored("length", {}, output)["length"] == 0
