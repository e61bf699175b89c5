"""What the placeholders of a prompt find in calls of programs and of spans."""

from __future__ import annotations

import orjson
import pytest

from otel_bridge.scorer.judge.template import Template
from otel_bridge.scorer.judge.values import recorded, values_of
from otel_bridge.scorer.recording import MAX_ARGUMENT_BYTES

SPAN = {
    "id": "b7ad6b7169203331",
    "project_id": "me/proj",
    "op_name": "chat",
    "inputs": {"input.value": {"question": "why?"}},
    "output": {"output.value": "because"},
    "attributes": {"expected": "so"},
}
CHAT = [{"role": "assistant", "parts": [{"type": "text", "content": "hi"}]}]
PROGRAM = {
    "id": "0198f2c6-0000-7000-8000-000000000001",
    "project_id": "me/proj",
    "op_name": "reply",
    "inputs": {"self": "weave:///me/proj/object/m:d", "question": "why?", "input": "given"},
    "output": {"text": "because", "n": 2},
}


def filled(text, call, column_map=None):
    return Template(text).fill(values_of(call, column_map))


@pytest.mark.parametrize(
    ("text", "call", "said"),
    [
        ("{output}", SPAN, "because"),
        ("{output.output.value}", SPAN, "because"),
        ("{output[output.value]}", SPAN, "because"),
        ("{inputs}", SPAN, '{"question":"why?"}'),
        ("{input}", SPAN, '{"question":"why?"}'),
        ("{input.value}", SPAN, '{"question":"why?"}'),
        ("{inputs.question}", SPAN, "why?"),
        ("{output[0].parts[0].content}", {**SPAN, "output": {"gen_ai.output.messages": CHAT}}, "hi"),
        ("{output}", {**SPAN, "output": {"gen_ai.output.messages": CHAT}}, orjson.dumps(CHAT).decode()),
        ("{output}", {**SPAN, "output": {"output.value": "a", "more": 1}}, '{"output.value":"a","more":1}'),
        ("{output.text} {output}", PROGRAM, 'because {"text":"because","n":2}'),
        ("{inputs}", PROGRAM, '{"question":"why?","input":"given"}'),
        ("{input}", PROGRAM, "given"),
        ("{output}", {**PROGRAM, "output": None}, "null"),
        ("{inputs}", {**PROGRAM, "inputs": None}, "null"),
        ("{inputs[0]}", {**PROGRAM, "inputs": ["a"]}, "a"),
    ],
)
def test_a_placeholder_finds_what_the_program_gave(text, call, said):
    assert filled(text, call) == said


def test_a_column_map_leads_into_the_call_where_no_input_has_the_name():
    names = {
        "expected": "attributes.expected",
        "ask": "input.value",
        "gone": "inputs.nothing",
        "op": "op_name",
    }
    assert filled("{expected} {ask.question} {op}", SPAN, names) == "so why? chat"
    assert "gone" not in values_of(SPAN, names)
    assert values_of(PROGRAM, {"question": "output.text"})["question"] == "why?"


def test_a_run_records_what_was_asked_for_and_large_values_by_ref():
    large = {**PROGRAM, "output": "x" * MAX_ARGUMENT_BYTES}
    told = recorded(large, values_of(large, None), ("output", "question", "nothing", "inputs.question"))
    assert orjson.loads(bytes(told)) == {
        "output": "weave:///me/proj/call/0198f2c6-0000-7000-8000-000000000001",
        "question": "why?",
        "inputs": {"question": "why?", "input": "given"},
    }
