"""Placeholders of prompts: what they find, how it is written, and what is said when there is nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.scorer.base import ScorerFailed, Unusable
from otel_bridge.scorer.judge.template import MAX_PLACEHOLDERS, MAX_PROMPT_BYTES, Template

VALUES = {
    "output": {"text": "hé", "list": [1, {"deep": True}], "none": None},
    "question": "why?",
    "n": 3,
    "share": 0.25,
    "yes": True,
    "input.value": "dotted",
    "gen_ai": {"input.messages": [{"content": "hi"}], "input": "shorter"},
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("no placeholder", "no placeholder"),
        ("", ""),
        ("{question}", "why?"),
        ("{{question}} {question}", "{question} why?"),
        ("{output}", '{"text":"hé","list":[1,{"deep":true}],"none":null}'),
        ("{output.text}", "hé"),
        ("{output[text]}", "hé"),
        ("{output[list][1][deep]}", "true"),
        ("{output.list.0}", "1"),
        ("{output.list[-1]}", '{"deep":true}'),
        ("{output.none}", "null"),
        ("{n}{share}{yes}", "30.25true"),
        ("{input.value}", "dotted"),
        ("{gen_ai.input.messages[0].content}", "hi"),
        ("{gen_ai.input}", "shorter"),
        ("{question!r}", '"why?"'),
        ("{question!s}", "why?"),
        ("{share:.1%}", "25.0%"),
        ("{n:>4}|{question:*<6}|{yes:>5}", "   3|why?**| true"),
        ('{{"polite": {n}}}', '{"polite": 3}'),
    ],
)
def test_placeholders_are_filled_in(text, filled):
    assert Template(text).fill(VALUES) == filled


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{answer}", "{answer}, and the call has output, question"),
        ("{output.words}", "{output.words}, and there is no words"),
        ("{output[list][2]}", "2 is no place in a list of 2"),
        ("{output.list.first}", "first is no place in a list of 2"),
        ("{question.text}", "there is no text"),
        ("{output.__class__}", "there is no __class__"),
        ("{question:.2f}", "{question:.2f} does not fit"),
        ("{n:s}", "{n:s} does not fit"),
    ],
)
def test_a_placeholder_that_finds_nothing_is_named(text, said):
    with pytest.raises(ScorerFailed) as failed:
        Template(text).fill(VALUES)
    assert said in str(failed.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"polite": true}', '{"polite"}, which is no placeholder: write {{ and }} for braces'),
        ("{}", "{}, which is no placeholder"),
        ("{0}", "{0}, which is no placeholder"),
        ("{\n  a}", "which is no placeholder"),
        pytest.param("{" + "a." * 400_000 + '"}', "which is no placeholder", id="endless"),
        pytest.param("{" + "a" * 1001 + "}", "which is no placeholder", id="long"),
        ("{a..b}", "which is no placeholder"),
        ("{output", "cannot be read"),
        ("output}", "cannot be read"),
        ("{output!x}", "unknown conversion !x"),
        ("{output:{n}}", "a format that cannot be used"),
        ("{output:>99999}", "a format that cannot be used"),
        ("{output:.9999f}", "a format that cannot be used"),
        pytest.param(
            "{a}" * (2 * MAX_PLACEHOLDERS + 1), f"more than {MAX_PLACEHOLDERS} placeholders", id="many"
        ),
    ],
)
def test_a_prompt_that_cannot_be_read_says_what_is_wrong(text, said):
    with pytest.raises(Unusable) as unusable:
        Template(text)
    assert said in str(unusable.value)


def test_a_prompt_says_what_it_asks_for():
    assert Template("{output.text} {question} {output.text!r}").placeholders == ("output.text", "question")


def test_a_prompt_is_bounded_while_it_is_filled_in():
    values = {"output": "x" * (MAX_PROMPT_BYTES // 4)}
    assert len(Template("{output}" * 4).fill(values)) <= MAX_PROMPT_BYTES
    with pytest.raises(ScorerFailed, match="the prompt is larger than"):
        Template("{output}" * 1000).fill(values)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["output", "question", "a.b", "a", "0", "self"])
PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["{{", "}}", "{", "}", "{output}", "{a.b}", "{a[0]}", "{output!r:>4}", "{question:.3f}"]),
    st.builds(
        "{{{}{}}}".format, NAMES, st.sampled_from(["", ".x", "[x]", "[0]", "[-1]", ":>9", "!s", ":d", ".0.1"])
    ),
)


@given(st.lists(PIECES, max_size=8).map("".join), st.dictionaries(NAMES, JSON, max_size=4))
def test_any_text_gives_a_prompt_or_the_documented_errors(text, values):
    try:
        filled = Template(text).fill(values)
    except (Unusable, ScorerFailed) as error:
        filled = str(error) or None
    assert isinstance(filled, str)
