"""What a text becomes, by the type of the key it belongs to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from otel_bridge.config_file import registry
from otel_bridge.config_file.nodes import Plain
from otel_bridge.config_file.registry import Component
from otel_bridge.config_file.wanting import as_wanted
from otel_bridge.parsers import Strict


class Regex(Strict):
    """One of two."""

    type: Literal["regex"]
    pattern: str
    schema_: dict[str, Any] = Field(default_factory=dict, alias="schema")


class Length(Strict):
    """The other one."""

    type: Literal["length"]
    pattern: int = 0
    most: int


class Rules(Strict):
    """Maps and lists of them."""

    rules: dict[str, Annotated[Regex | Length, Field(discriminator="type")]] = Field(default_factory=dict)
    names: list[str] = Field(default_factory=list)
    numbers: list[int] | None = None
    keys: dict[str, SecretStr] = Field(default_factory=dict)
    token: SecretStr | None = None
    token_file: str | None = None
    tree: Any = None
    inner: Regex | None = None


def text(value: str, path: str | None = None) -> Plain:
    return Plain.of(value, path)


@pytest.mark.parametrize(
    ("value", "annotation", "wanted"),
    [
        (text("0123"), str, "0123"),
        (text("0123"), SecretStr | None, "0123"),
        (text("null"), str | None, "null"),
        (text("null"), int | None, None),
        (text(""), list[int] | None, None),
        (text("[1, a]"), list[str], ["1", "a"]),
        ([text("1"), text("2")], tuple[str, ...], ["1", "2"]),
        (text("{a: 01}"), dict[str, str], {"a": "01"}),
        (text("{a: 12}"), dict[str, Any], {"a": 12}),
        (text("12"), Any, 12),
        (text("1" * 5000), Any, "1" * 5000),
        (text("[1, {a: yes}]"), Any, [1, {"a": True}]),
        (text("{"), Any, "{"),
        (text("{"), list[str], "{"),
        ([text("1"), [text("2")]], Any, [1, [2]]),
        (text("x: 1"), str | dict[str, int], "x: 1"),
        (None, Rules, {}),
        (None, Regex | None, None),
        ({"unknown": text("1")}, Rules, {"unknown": 1}),
    ],
)
def test_a_text_becomes(value, annotation, wanted):
    found = as_wanted(value, annotation)
    assert found == wanted
    assert type(found) is type(wanted) or isinstance(found, Plain)


def test_models_in_maps_are_told_apart_by_their_type():
    wanted = as_wanted(
        {
            "rules": {
                "a": {
                    "type": "regex",
                    "pattern": text("12"),
                    "schema": {"least": text("3"), "most": text("x")},
                },
                "b": {"type": "length", "most": text("7"), "pattern": text("9")},
            },
            "keys": {"k": text("1e3")},
            "names": [text("1")],
            "numbers": [text("2")],
        },
        Rules,
    )
    rules = Rules.model_validate(wanted)
    assert rules.rules["a"].pattern == "12"
    assert rules.rules["a"].schema_ == {"least": 3, "most": "x"}
    assert rules.rules["b"].most == 7
    assert rules.keys["k"].get_secret_value() == "1e3"
    assert (rules.names, rules.numbers) == (["1"], [2])


def test_a_secret_that_is_a_whole_file_is_the_file():
    assert as_wanted({"token": text("t", "/run/token")}, Rules) == {"token_file": "/run/token"}
    assert as_wanted({"names": [text("t", "/run/token")]}, Rules) == {"names": ["t"]}


@pytest.fixture
def rules(monkeypatch):
    """A processor whose model is loaded when something names it."""
    row = Component(f"{__name__}:Rules", signals={"traces": "alpha"})
    monkeypatch.setitem(registry.TYPES["processors"], "rules", row)
    monkeypatch.setattr(registry, "resolve_name", lambda where: globals()[where.partition(":")[2]])
    return row


BASE = """
receivers: {otlp: {protocols: {http: }}}
exporters: {store: }
service: {pipelines: {traces: {receivers: [otlp], exporters: [store]}}}
processors:
  rules:
"""


def test_a_model_may_be_named_where_it_is(configure, rules):
    loaded = configure(BASE + "    inner: {type: regex, pattern: 0}")
    assert loaded.components["processors"]["rules"].inner.pattern == "0"
    assert issubclass(rules.model, BaseModel)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            "rules: {a: {type: regx}}",
            "6:23: processors.rules.rules.a.type: there is no regx; did you mean regex?",
        ),
        ("rules: {a: {pattern: x}}", "6:13: processors.rules.rules.a.type is missing"),
        ("rules: {a: {type: regex}}", "6:13: processors.rules.rules.a.pattern is missing"),
        (
            "rules: {a: {type: length, most: few}}",
            "6:37: processors.rules.rules.a.most: a whole number is needed",
        ),
        (
            "rules: {a: {type: length, most: 1, moist: 1}}",
            "6:40: processors.rules.rules.a.moist: unknown key; did you mean most?",
        ),
        (
            "rules: {regex: {type: regex, pattern: a, shcema: {}}}",
            "6:46: processors.rules.rules.regex.shcema: unknown key; did you mean schema?",
        ),
        ("rules: {a: 1}", "6:16: processors.rules.rules.a: a map is needed"),
        ("numbers: [1, x]", "6:18: processors.rules.numbers[1]: a whole number is needed"),
        ("rules: [1]", "6:5: processors.rules.rules: a map is needed"),
    ],
)
def test_what_is_wrong_inside_is_said_at_its_place(problems, rules, lines, expected):
    assert problems(BASE + f"    {lines}") == [f"a.yaml:{expected}"]
