"""`valid_json` and `json_schema`."""

from __future__ import annotations

import pytest

from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.rules.opening import open_rule
from tests.unit.scorer.rules import scored

PERSON = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string", "pattern": "^[A-Z]"}},
}


@pytest.mark.parametrize(
    ("settings", "output", "passed", "json_type"),
    [
        pytest.param({}, '{"a": 1}', True, "object", id="text-of-an-object"),
        pytest.param({}, {"a": 1}, True, "object", id="an-object-is-json-already"),
        pytest.param({}, [1], True, "array", id="an-array"),
        pytest.param({}, 3.5, True, "number", id="a-number"),
        pytest.param({}, False, True, "boolean", id="false-is-a-value"),
        pytest.param({}, "null", True, "null", id="the-text-null"),
        pytest.param({}, "yes", False, None, id="plain-words"),
        pytest.param({}, "", False, None, id="no-text"),
        pytest.param({}, '{"a": 1', False, None, id="cut"),
        pytest.param({}, "{'a': 1}", False, None, id="python-quotes"),
        pytest.param({}, "[NaN]", False, None, id="nan-is-no-json"),
        pytest.param({}, "[" * 5000 + "]" * 5000, False, None, id="nested-without-end"),
        pytest.param({"expect": "object"}, "[1]", False, "array", id="another-type-than-expected"),
        pytest.param({"expect": "array"}, "[1]", True, "array", id="the-type-expected"),
        pytest.param({}, '```json\n{"a": 1}\n```', False, None, id="a-fence-is-no-json"),
        pytest.param(
            {"fenced": True}, '```json\n{"a": 1}\n```', True, "object", id="a-fence-may-be-taken-off"
        ),
        pytest.param({"fenced": True}, "Here:\n```\n[2]\n```\nBye", True, "array", id="words-around-a-fence"),
        pytest.param({"fenced": True}, '```{"a": 1}```', True, "object", id="a-fence-on-one-line"),
        pytest.param({"fenced": True}, '{"a": "```"}', True, "object", id="an-open-fence-inside-json"),
        pytest.param({"negate": True}, "words", True, None, id="must-not-be-json"),
        pytest.param({"negate": True}, "1", False, "number", id="must-not-be-json-but-is"),
    ],
)
def test_json_is_told_from_other_texts(settings, output, passed, json_type):
    found = scored("valid_json", settings, output)
    assert (found["passed"], found["json_type"]) == (passed, json_type)
    assert (found["reason"] is None) == passed


def test_what_is_no_json_tells_where():
    found = scored("valid_json", {}, '{\n"a": !}')
    assert found["error_position"] == 7
    assert found["reason"].startswith("output is no JSON: ")
    assert found["reason"].endswith(" at line 2, column 6")


@pytest.mark.parametrize(
    ("output", "errors"),
    [
        pytest.param('{"name": "Ada"}', [], id="valid-text"),
        pytest.param({"name": "Ada"}, [], id="valid-object"),
        pytest.param({}, [("", '"name" is a required property')], id="a-member-missing"),
        pytest.param({"name": 3}, [("/name", '3 is not of type "string"')], id="a-wrong-type"),
        pytest.param({"name": "ada"}, [("/name", '"ada" does not match "^[A-Z]"')], id="a-pattern"),
        pytest.param("3", [("", '3 is not of type "object"')], id="another-type"),
    ],
)
def test_a_schema_tells_each_error_with_its_place(output, errors):
    found = scored("json_schema", {"schema": PERSON}, output)
    assert [(one["path"], one["message"]) for one in found["errors"]] == errors
    assert found["passed"] == (not errors)


@pytest.mark.parametrize(
    ("settings", "output", "passed"),
    [
        pytest.param({"schema": PERSON}, "no JSON", False, id="a-text-that-is-no-json"),
        pytest.param({"schema": PERSON, "negate": True}, {}, True, id="must-not-be-valid"),
        pytest.param({"schema": PERSON, "negate": True}, {"name": "A"}, False, id="must-not-be-valid-but-is"),
        pytest.param({"schema": True}, "1", True, id="the-schema-true"),
        pytest.param({"schema": False}, "1", False, id="the-schema-false"),
        pytest.param({"schema": {"maxLength": 3}, "text_is": "string"}, "four", False, id="a-text-as-string"),
        pytest.param(
            {"schema": {"type": "string"}, "text_is": "string"}, "12", True, id="not-read-as-number"
        ),
        pytest.param({"schema": PERSON, "fenced": True}, '```json\n{"name":"A"}\n```', True, id="a-fence"),
        pytest.param({"schema": {"format": "ipv4"}}, '"x"', True, id="formats-do-not-count"),
        pytest.param({"schema": {"format": "ipv4"}, "check_formats": True}, '"x"', False, id="unless-wanted"),
    ],
)
def test_a_schema_judges_texts_as_it_is_told(settings, output, passed):
    assert scored("json_schema", settings, output)["passed"] is passed


def test_a_result_does_not_grow_with_the_errors():
    found = scored("json_schema", {"schema": {"items": {"type": "null"}}}, ["x" * 5000] * 500)
    assert len(found["errors"]) == 20
    assert all(len(one["message"]) <= 300 for one in found["errors"])


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        pytest.param({"type": "objct"}, "objct", id="no-such-type"),
        pytest.param(
            {"$ref": "http://127.0.0.1:9/schema"}, "a schema must hold all it refers to", id="fetch"
        ),
        pytest.param({"$ref": "file:///etc/passwd"}, "a schema must hold all it refers to", id="read-a-file"),
        pytest.param({"pattern": "(?=x)"}, "regex", id="a-pattern-that-may-take-for-ever"),
    ],
)
def test_a_schema_that_cannot_be_used_says_why(schema, why):
    with pytest.raises(Unusable, match="schema: ") as caught:
        open_rule("json_schema", {"schema": schema})
    assert why in str(caught.value)
