"""No deterministic scorer stumbles over any call, and arguments by name always fit the scorer."""

from __future__ import annotations

from inspect import Parameter, Signature
from itertools import pairwise

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.scorer.arguments import Matcher
from otel_bridge.scorer.base import ScorerFailed
from otel_bridge.scorer.rules.detecting import Detector
from otel_bridge.scorer.rules.opening import MODELS, open_rule
from tests.property.amounts import examples

texts = st.text(max_size=20) | st.sampled_from(
    ["{}", "[1]", "```json\n{}\n```", "```", "a@b.io", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00",
     "+49 30 1234567", "sk-abcdefghijklmnopqrstuvwx", "::1", "1e999", "\x00", "2026-11-28T12:00:00Z"]
)  # fmt: skip
scalars = st.none() | st.booleans() | st.integers() | st.integers(10**15, 10**40) | texts
numbers = st.floats(allow_nan=False, allow_infinity=False)
trees = st.recursive(
    scalars | numbers, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4)
)
usages = st.dictionaries(
    texts, st.dictionaries(st.sampled_from(["input_tokens", "total_tokens", "x"]), scalars | numbers)
)
costs = st.dictionaries(
    texts, st.dictionaries(st.just("prompt_tokens_total_cost"), scalars | numbers) | trees
)
calls = st.fixed_dictionaries(
    {"id": texts, "project_id": texts},
    optional={
        "inputs": st.dictionaries(st.sampled_from(["expected", "q"]), trees) | trees,
        "output": trees,
        "attributes": trees,
        "summary": st.fixed_dictionaries(
            {"usage": usages, "weave": st.fixed_dictionaries({"costs": costs}) | trees}
        )
        | trees,
        "started_at": texts,
        "ended_at": texts,
        "exception": texts,
    },
)

PLACES = ["output", "output.a.0", "inputs", "inputs.expected", "attributes", "exception"]
SETTINGS = {
    "valid_json": st.fixed_dictionaries(
        {"fenced": st.booleans(), "expect": st.sampled_from(["any", "object"])}
    ),
    "json_schema": st.fixed_dictionaries(
        {"schema": st.sampled_from([True, {"type": "object"}, {"items": {"minimum": 3}}, {"maxLength": 2}])}
    ),
    "regex": st.fixed_dictionaries({"pattern": st.sampled_from(["", "a|b", "(?P<n>.)", "^$", "[^a]+"])}),
    "contains": st.fixed_dictionaries({"texts": st.lists(texts.filter(bool), min_size=1, max_size=3)}),
    "exact_match": st.fixed_dictionaries({"value": trees}) | st.just({"value_field": "inputs.expected"}),
    "fuzzy_match": st.fixed_dictionaries(
        {"value": trees.filter(lambda value: value is not None), "max_characters": st.integers(1, 100)}
    ),
    "length": st.fixed_dictionaries(
        {"unit": st.sampled_from(["characters", "bytes", "items", "words", "lines"])}
    ),
    "latency": st.just({"max": "1s"}),
    "cost": st.just({"max": 1}),
    "tokens": st.just({"min": 1}),
    "pii": st.just({"fields": ["output", "inputs"]}),
}


@pytest.mark.parametrize("kind", MODELS)
@settings(max_examples=examples(40))
@given(data=st.data(), call=calls)
def test_every_kind_has_a_result_for_any_call(kind, data, call):
    said = data.draw(SETTINGS[kind])
    if "field" in MODELS[kind].model_fields:
        said = said | {"field": data.draw(st.sampled_from(PLACES))}
    if "negate" in MODELS[kind].model_fields:
        said = said | {"negate": data.draw(st.booleans())}
    result = open_rule(kind, said).judge(call)
    assert type(result["passed"]) is bool
    assert (result["reason"] is None) == result["passed"]
    told = msgspec.json.decode(msgspec.json.encode(result))
    assert told.keys() == result.keys()


@pytest.mark.parametrize("kind", MODELS)
@settings(max_examples=examples(20))
@given(data=st.data(), call=calls)
def test_the_members_of_a_result_are_the_same_whatever_the_call(kind, data, call):
    rule = open_rule(kind, data.draw(SETTINGS[kind]))
    assert rule.judge(call).keys() == rule.judge({"id": "", "project_id": ""}).keys()


@given(text=st.lists(texts, max_size=8).map(" ".join))
def test_findings_lie_in_the_text_and_apart(text):
    found = sorted((start, end) for _, start, end in Detector(("email", "phone", "credit_card", "iban",
        "ip_address", "us_ssn", "secret"), ()).find(text))  # fmt: skip
    assert all(0 <= start < end <= len(text) for start, end in found)
    assert all(one[1] <= other[0] for one, other in pairwise(found))


@given(call=calls)
def test_what_was_found_is_not_in_the_result(call):
    result = open_rule("pii", {"fields": ["output"], "kinds": ["secret"]}).judge(call)
    assert b"sk-abc" not in orjson.dumps(result)


names = st.sampled_from(["output", "call", "inputs", "q", "expected", "x", "kwargs"])
kinds = st.sampled_from(list(Parameter.POSITIONAL_ONLY.__class__))
defaults = st.sampled_from([Parameter.empty, None, 3])


@st.composite
def signatures(draw) -> Signature:
    parameters = [
        Parameter(
            name, kind := draw(kinds), default=draw(defaults) if "VAR" not in kind.name else Parameter.empty
        )
        for name in draw(st.lists(names, unique=True, max_size=5))
    ]
    parameters.sort(key=lambda p: (p.kind, p.default is not Parameter.empty))
    single = [p for at, p in enumerate(parameters) if "VAR" not in p.kind.name or p.kind not in
              {other.kind for other in parameters[:at]}]  # fmt: skip
    by_position = [p for p in single if p.kind <= Parameter.POSITIONAL_OR_KEYWORD]
    has_default = False
    for at, parameter in enumerate(by_position):
        has_default = has_default or parameter.default is not Parameter.empty
        if has_default and parameter.default is Parameter.empty:
            by_position[at] = parameter.replace(default=0)
    return Signature([*by_position, *single[len(by_position) :]])


def unfilled(signature: Signature, call: dict) -> list[str]:
    inputs = call.get("inputs")
    there = {"output", "call", "inputs", *(inputs if isinstance(inputs, dict) else ())}
    every = signature.parameters.values()
    return [
        p.name
        for p in every
        if p.default is Parameter.empty and "VAR" not in p.kind.name and p.name not in there
    ]


@given(signature=signatures(), call=calls)
def test_arguments_fit_the_scorer_or_the_error_names_every_parameter_that_nothing_fills(signature, call):
    matcher, missing = Matcher(signature, None), unfilled(signature, call)
    if missing:
        with pytest.raises(ScorerFailed) as caught:
            matcher.match(call)
        assert all(name in str(caught.value) for name in missing)
        return
    arguments = matcher.match(call)
    arguments.call(signature.bind)
    assert all(arguments.by_name[name] == call.get(name) for name in {"output"} & arguments.by_name.keys())
