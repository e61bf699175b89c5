"""What model servers answer, and what becomes of it."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.scorer.base import ScorerBusy, ScorerFailed
from otel_bridge.scorer.judge.answer import MAX_OUTPUT_BYTES, read
from otel_bridge.scorer.quoting import QUOTED_CHARACTERS, message_of

USAGE = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}


def answer(content, *, finish="stop", usage=USAGE, **message):
    choice = {"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return orjson.dumps({"model": "gpt-4o-2024", "choices": [choice], "usage": usage})


def output(body, reading="json"):
    return orjson.loads(bytes(read(body, model="gpt-4o", reading=reading).output))


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ('{"polite": true}', {"polite": True}),
        ('  {"polite": true}\n', {"polite": True}),
        ('```json\n{"polite": true}\n```', {"polite": True}),
        ("```\n[1, 2]\n```", [1, 2]),
        ('Here it is:\n```JSON\r\n{"a": "```"}\r\n```\nWell?', {"a": "```"}),
        ('<think>{"polite": false}?</think>\n{"polite": true}', {"polite": True}),
        ('Sure! {"polite": true} I hope that helps.', {"polite": True}),
        ("I say [1, 2].", [1, 2]),
        ("0.5", 0.5),
        ("true", True),
        ([{"type": "text", "text": '{"a"'}, {"type": "text", "text": ": 1}"}], {"a": 1}),
    ],
)
def test_json_is_found_in_what_models_put_around_it(content, value):
    assert output(answer(content)) == value


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('{"polite": true}', '{"polite": true}'),
        ("<think>\nhm</think>\n\nPolite.", "Polite."),
        ("no </think> here", "no </think> here"),
        ("<think>endless", "<think>endless"),
    ],
)
def test_text_stays_text_when_text_was_asked_for_but_for_thoughts(content, text):
    assert output(answer(content), "text") == text


@pytest.mark.parametrize("content", [
    "```\n" + " " * 4_000_000, "```" * 400_000, "```\n{" * 400_000, "{" * 2_000_000, "<think>" * 500_000,
], ids=["blanks", "fences", "both", "braces", "thoughts"])  # fmt: skip
def test_an_answer_made_to_take_long_is_read_once(content):
    with pytest.raises(ScorerFailed, match="is no JSON"):
        output(answer(content))


@pytest.mark.parametrize(
    ("content", "value"),
    [('{"a": 1}', {"a": 1}), ("```json\n[1]\n```", [1]), ("0.5", "0.5"), ("It is {fine}.", "It is {fine}.")],
)
def test_an_answer_nothing_was_asked_of_is_json_when_it_is_an_object_or_a_list(content, value):
    assert output(answer(content), None) == value


@pytest.mark.parametrize("given", [
    {"function_call": {"name": "f", "arguments": '{"a": 1}'}},
    {"tool_calls": [{"type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]},
])  # fmt: skip
def test_what_a_function_would_be_called_with_is_an_answer(given):
    assert output(answer(None, **given)) == {"a": 1}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"<html>", "did not answer with JSON: '<html>'"),
        (b"[]", "did not answer with an object"),
        (b"{}", "no choices[0].message"),
        (b'{"choices": []}', "no choices[0].message"),
        (b'{"choices": [7]}', "no choices[0].message"),
        (answer(""), "said nothing (finish_reason stop)"),
        (answer(None, finish="content_filter"), "said nothing (finish_reason content_filter)"),
        (answer(None, refusal="I cannot\ndo that"), "the model refused: I cannot do that"),
        (answer("polite, I think"), "the answer of the model is no JSON: 'polite, I think'"),
        (answer('{"a": "b', finish="length"), "cut off: max_tokens is too small"),
        (answer('"' + "x" * MAX_OUTPUT_BYTES + '"'), f"more than {MAX_OUTPUT_BYTES}"),
        (b'{"error": {"message": "no such model", "code": "x"}}', "with an error: no such model"),
        (b'{"error": "plain"}', "with an error: plain"),
    ],
)
def test_a_bad_answer_says_what_is_wrong_with_it(body, named):
    with pytest.raises(ScorerFailed) as failed:
        read(body, model="m", reading="json")
    assert named in str(failed.value)


def test_an_error_inside_a_success_that_may_pass_is_tried_again():
    with pytest.raises(ScorerBusy, match="overloaded"):
        read(b'{"error": {"message": "overloaded", "code": 529}}', model="m", reading="json")


class TestUsage:
    def test_tokens_are_told_by_the_model_that_answered(self):
        details = {
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 2},
        }
        found = read(answer("{}", usage={**USAGE, **details}), model="gpt-4o", reading="json")
        assert found.usage == {
            "gpt-4o-2024": {
                "input_tokens": 12,
                "output_tokens": 3,
                "total_tokens": 15,
                "cache_read_input_tokens": 4,
                "reasoning_tokens": 2,
                "requests": 1,
            }
        }

    @pytest.mark.parametrize("usage", [None, [], {}, {"prompt_tokens": "many"}, {"prompt_tokens": -1}])
    def test_an_answer_without_counts_has_no_usage(self, usage):
        assert read(answer("{}", usage=usage), model="m", reading="json").usage == {}

    def test_tokens_of_a_bad_answer_were_spent_all_the_same(self):
        with pytest.raises(ScorerFailed) as failed:
            read(answer("no json"), model="m", reading="json")
        assert failed.value.usage["gpt-4o-2024"]["input_tokens"] == 12


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"error": {"message": "bad key"}}', "bad key"),
        (b'{"error": "bad key"}', "bad key"),
        (b'{"message": "bad key"}', "bad key"),
        (b'{"detail": [{"msg": "bad"}]}', '[{"msg":"bad"}]'),
        (b'{"reason": "bad key"}', "bad key"),
        (b"bad\n  key", "bad key"),
        (b"\xff", "\ufffd"),
        (b"x" * 9999, "x" * QUOTED_CHARACTERS + "…"),
    ],
)
def test_the_message_of_an_error_is_found_and_cut(body, told):
    assert message_of(body) == told


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "error", "usage", "model", "code", "type", "text"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(JSON.map(orjson.dumps) | st.binary(max_size=60), st.sampled_from(["json", "text", None]))
def test_any_answer_is_read_or_refused_in_words(body, reading):
    try:
        told = bytes(read(body, model="m", reading=reading).output)
    except (ScorerFailed, ScorerBusy) as error:
        told = orjson.dumps(str(error))
    assert orjson.loads(told) != ""
