"""`regex`, `contains` and `length`; fields, and what is missing."""

from __future__ import annotations

import pytest

from otel_bridge.scorer.base import ScorerFailed, Unusable
from otel_bridge.scorer.rules.opening import open_rule
from tests.unit.scorer.rules import a_call, scored


@pytest.mark.parametrize(
    ("settings", "output", "passed"),
    [
        pytest.param({"pattern": "b+"}, "abbc", True, id="somewhere"),
        pytest.param({"pattern": "b+", "match": "prefix"}, "abbc", False, id="not-at-the-start"),
        pytest.param({"pattern": "a", "match": "prefix"}, "abbc", True, id="at-the-start"),
        pytest.param({"pattern": "ab", "match": "full"}, "abb", False, id="not-the-whole"),
        pytest.param({"pattern": "ab+", "match": "full"}, "abb", True, id="the-whole"),
        pytest.param({"pattern": "YES"}, "yes", False, id="case-counts"),
        pytest.param({"pattern": "YES", "ignore_case": True}, "yes", True, id="case-does-not-count"),
        pytest.param({"pattern": "^b"}, "a\nb", False, id="start-of-the-text"),
        pytest.param({"pattern": "^b", "multiline": True}, "a\nb", True, id="start-of-a-line"),
        pytest.param({"pattern": "a.b"}, "a\nb", False, id="a-dot-is-no-newline"),
        pytest.param({"pattern": "a.b", "dot_all": True}, "a\nb", True, id="a-dot-may-be-a-newline"),
        pytest.param({"pattern": "sorry", "negate": True}, "fine", True, id="must-not-match"),
        pytest.param({"pattern": "sorry", "negate": True}, "sorry", False, id="must-not-match-but-does"),
        pytest.param({"pattern": '"n":3'}, {"n": 3}, True, id="an-object-as-its-json"),
        pytest.param({"pattern": "^42$"}, 42, True, id="a-number-as-its-json"),
        pytest.param(
            {"pattern": "(a+)+$"}, "a" * 50_000 + "b", False, id="a-pattern-that-explodes-elsewhere"
        ),
    ],
)
def test_a_pattern_is_looked_for(settings, output, passed):
    found = scored("regex", settings, output)
    assert found["passed"] is passed
    assert (found["reason"] is None) == passed


def test_a_match_tells_its_place_in_characters_and_its_named_groups():
    found = scored("regex", {"pattern": r"(?P<points>\d+) of (?P<most>\d+)"}, "Größe: 7 of 10")
    assert found == {
        "passed": True, "field": "output", "start": 7, "end": 14, "groups": {"points": "7", "most": "10"},
        "reason": None,
    }  # fmt: skip


@pytest.mark.parametrize("pattern", ["(", "(?=x)", r"(a)\1", "a{5000}"])
def test_a_pattern_that_re2_does_not_take_says_so(pattern):
    with pytest.raises(Unusable, match="no RE2 regular expression"):
        open_rule("regex", {"pattern": pattern})


@pytest.mark.parametrize(
    ("settings", "output", "passed", "score"),
    [
        pytest.param({"texts": "b"}, "abc", True, 1.0, id="one-text"),
        pytest.param({"texts": ["x", "b"]}, "abc", True, 0.5, id="any-of-two"),
        pytest.param({"texts": ["x", "y"]}, "abc", False, 0.0, id="none-of-two"),
        pytest.param({"texts": ["a", "b"], "match": "all"}, "abc", True, 1.0, id="all"),
        pytest.param({"texts": ["a", "x"], "match": "all"}, "abc", False, 0.5, id="not-all"),
        pytest.param({"texts": ["STRASSE"], "ignore_case": True}, "Straße", True, 1.0, id="case-folding"),
        pytest.param({"texts": ["a", "x"], "negate": True}, "abc", False, 0.5, id="must-not-contain-any"),
        pytest.param({"texts": ["x", "y"], "negate": True}, "abc", True, 0.0, id="contains-none"),
        pytest.param(
            {"texts": ["a", "x"], "match": "all", "negate": True}, "a", True, 0.5, id="not-all-of-it"
        ),
        pytest.param({"texts": "k"}, {"k": [1]}, True, 1.0, id="in-the-json-of-an-object"),
    ],
)
def test_texts_are_looked_for(settings, output, passed, score):
    found = scored("contains", settings, output)
    assert (found["passed"], found["score"]) == (passed, score)
    wanted = [settings["texts"]] if isinstance(settings["texts"], str) else settings["texts"]
    assert sorted(found["found"] + found["missing"]) == sorted(wanted)


@pytest.mark.parametrize(
    ("settings", "output", "passed", "length"),
    [
        pytest.param({}, "Größe", True, 5, id="measured-only"),
        pytest.param({"max": 4}, "Größe", False, 5, id="too-long"),
        pytest.param({"max": 5, "min": 5}, "Größe", True, 5, id="bounds-belong-to-it"),
        pytest.param({"min": 6}, "Größe", False, 5, id="too-short"),
        pytest.param({"min": 1}, "", False, 0, id="empty"),
        pytest.param({"unit": "bytes"}, "Größe", True, 7, id="bytes"),
        pytest.param({"unit": "words"}, " two\twords ", True, 2, id="words"),
        pytest.param({"unit": "lines"}, "a\nb\n", True, 2, id="lines"),
        pytest.param({"unit": "items", "max": 1}, [1, 2], False, 2, id="items-of-an-array"),
        pytest.param({"unit": "items"}, {"a": 1}, True, 1, id="items-of-an-object"),
        pytest.param({"unit": "items"}, "text", False, None, id="a-text-has-no-items"),
        pytest.param({}, {"a": 1}, True, 7, id="an-object-by-its-json"),
    ],
)
def test_length_is_measured(settings, output, passed, length):
    found = scored("length", settings, output)
    assert (found["passed"], found["length"]) == (passed, length)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("output", '{"choices":[{"text":"hi"}],"2":"two"}'),
        ("output.choices.0.text", "hi"),
        ("output.2", "two"),
        ("inputs.question", "Is it sunny?"),
        (r"attributes.gen_ai\.request\.model", "m"),
        ("op_name", "chat"),
    ],
)
def test_a_field_is_any_place_in_the_call(field, text):
    settings = {"type": "length", "field": field}
    found = scored("length", {"field": settings["field"]}, {"choices": [{"text": "hi"}], "2": "two"})
    assert found["length"] == len(text)


@pytest.mark.parametrize(
    "field", ["output.nothing", "output.choices.9", "output.choices.0.text.more", "attributes.n", "exception"]
)
@pytest.mark.parametrize(("missing", "passed"), [("fail", False), ("pass", True)])
def test_what_is_not_there_passes_or_fails_as_the_settings_say(field, missing, passed):
    output = {"choices": [{"text": "hi"}]}
    found = scored("contains", {"texts": "x", "field": field, "missing": missing}, output)
    assert (found["passed"], found["reason"]) == (passed, None if passed else f"the call has no {field}")


def test_what_is_not_there_may_be_an_error():
    rule = open_rule("contains", {"texts": "x", "missing": "error"})
    with pytest.raises(ScorerFailed, match="the call has no output"):
        rule.judge(a_call(None))
