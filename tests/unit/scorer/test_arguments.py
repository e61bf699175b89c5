"""Which arguments a Python scorer gets."""

from __future__ import annotations

import inspect

import pytest

from otel_bridge.scorer.arguments import Matcher
from otel_bridge.scorer.base import ScorerFailed, Unusable
from tests.unit.scorer.rules import a_call

CALL = a_call("out", inputs={"self": "m", "question": "q?", "answer": "a!", "expected": "e"})


def matched(score, column_map=None, call=CALL, fixed=()):
    return Matcher(inspect.signature(score), column_map, frozenset(fixed)).match(call)


@pytest.mark.parametrize(
    ("score", "column_map", "given"),
    [
        pytest.param(lambda output: 0, None, {"output": "out"}, id="output"),
        pytest.param(lambda model_output: 0, None, {"model_output": "out"}, id="output-as-it-was-called"),
        pytest.param(lambda question, *, output: 0, None, {"question": "q?", "output": "out"}, id="an-input"),
        pytest.param(lambda q: 0, {"q": "question"}, {"q": "q?"}, id="an-input-by-the-map"),
        pytest.param(lambda expected: 0, {"expected": "answer"}, {"expected": "e"}, id="its-own-name-first"),
        pytest.param(lambda x=3: 0, None, {}, id="a-default"),
        pytest.param(lambda x=3: 0, {"x": "nothing"}, {}, id="a-default-of-a-mapped-one"),
        pytest.param(lambda call: 0, None, {"call": CALL}, id="the-whole-call"),
        pytest.param(lambda m: 0, {"m": r"attributes.gen_ai\.request\.model"}, {"m": "m"}, id="any-field"),
        pytest.param(
            lambda inputs: 0,
            None,
            {"inputs": {"question": "q?", "answer": "a!", "expected": "e"}},
            id="all-inputs-without-self",
        ),
        pytest.param(
            lambda output, **rest: 0,
            None,
            {
                "output": "out",
                "question": "q?",
                "answer": "a!",
                "expected": "e",
                "inputs": {"question": "q?", "answer": "a!", "expected": "e"},
            },
            id="whatever-there-is",
        ),
        pytest.param(lambda q, **rest: 0, {"q": "question"}, {"q": "q?"}, id="a-map-says-what-there-is"),
        pytest.param(lambda *rest, output: 0, None, {"output": "out"}, id="no-positional-rest"),
    ],
)
def test_parameters_are_filled_by_name(score, column_map, given):
    assert matched(score, column_map).by_name == given


def test_parameters_that_go_by_position_only_get_what_their_names_say():
    def score(question, answer="none", /, *, output):
        return [question, answer, output]

    assert matched(score).call(score) == ["q?", "a!", "out"]
    assert matched(score, call=a_call("out", inputs={"question": "q"})).call(score) == ["q", "none", "out"]


def test_what_is_set_already_is_not_taken_from_the_call():
    assert matched(lambda output, question="set": 0, fixed={"question"}).by_name == {"output": "out"}


@pytest.mark.parametrize(
    ("score", "column_map", "call", "message"),
    [
        pytest.param(
            lambda context, output: 0,
            None,
            CALL,
            "the call has no input for the scorer's parameter context; it has question, answer, expected",
            id="no-such-input",
        ),
        pytest.param(
            lambda context, source: 0,
            {"context": "docs"},
            a_call("x", inputs={}),
            "the call has no input for the scorer's parameter context (mapped to docs), source; it has none",
            id="two-of-them-one-mapped",
        ),
        pytest.param(
            lambda context: 0,
            None,
            a_call("x", inputs=["not", "an", "object"]),
            "the call has no input for the scorer's parameter context; it has none",
            id="inputs-that-are-no-object",
        ),
    ],
)
def test_a_parameter_that_nothing_fills_is_named_beside_what_there_is(score, column_map, call, message):
    with pytest.raises(ScorerFailed) as caught:
        matched(score, column_map, call)
    assert str(caught.value) == message


def test_an_error_does_not_grow_with_the_inputs():
    with pytest.raises(ScorerFailed, match="and 480 more"):
        matched(lambda missing: 0, None, a_call("x", inputs={f"i{n}": n for n in range(500)}))


def test_a_map_of_a_parameter_that_the_scorer_does_not_have_is_refused():
    with pytest.raises(
        Unusable, match="column_map names qestion, no parameter of the scorer; it takes question"
    ):
        matched(lambda question: 0, {"qestion": "q"})
