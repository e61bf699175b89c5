import pytest

from otel_bridge.condition.condition import MAX_CONDITION_BYTES, BadCondition, condition

FIELDS = {
    "name": "chat gpt",
    "kind": 3,
    "status.code": 2,
    "duration_ms": 1500.0,
    "project": "acme/prod",
    "scope.name": "openinference.instrumentation.openai",
    "trace_id": "0123456789abcdef0123456789abcdef",
}
MAPS = {
    "attributes": {
        "gen_ai.system": "openai",
        "gen_ai.usage.input_tokens": 12,
        "temperature": 0.5,
        "stream": True,
        "stops": ["a", "b"],
        "meta": {"user": {"tags": ["x", "y"]}},
        "empty": "",
    },
    "resource": {"service.namespace": "research", "deployment.environment.name": "prod"},
    "scope": {},
    "inputs": {"question": "why"},
}


class ASpan:
    """A subject whose fields and maps are given."""

    def field(self, name):
        return FIELDS.get(name)

    def entry(self, mapping, key):
        return MAPS.get(mapping, {}).get(key)


HOLDS = [
    'attributes["gen_ai.system"] == "openai"',
    'attributes["gen_ai.system"] != nil',
    'attributes["nothing"] == nil',
    'attributes["empty"] != nil',
    'span.attributes["gen_ai.usage.input_tokens"] > 11',
    'attributes["gen_ai.usage.input_tokens"] == 12.0',
    'attributes["temperature"] <= 0.5',
    'attributes["stream"] == true',
    'attributes["stream"] != 1',
    'attributes["stops"][0] == "a"',
    'attributes["stops"][-1] == "b"',
    'attributes["stops"][7] == nil',
    'attributes["meta"]["user"]["tags"][1] == "y"',
    'attributes["meta"]["user"][0] == nil',
    'resource["deployment.environment.name"] == "prod"',
    'resource.attributes["service.namespace"] == "research"',
    'instrumentation_scope.name == "openinference.instrumentation.openai"',
    'inputs["question"] == "why"',
    'project == "acme/prod"',
    'trace_id.string == "0123456789abcdef0123456789abcdef"',
    "kind == SPAN_KIND_CLIENT",
    "status.code == STATUS_CODE_ERROR",
    "duration_ms > 1000 and duration_ms < 2000",
    'name == "x" or name == "chat gpt"',
    'name == "x" and name == "y" or true',
    'not name == "x"',
    'not (name == "chat gpt" and kind == SPAN_KIND_SERVER)',
    "not not true",
    '"a" < "b"',
    'IsMatch(name, "^chat .*t$")',
    'IsMatch(attributes["gen_ai.usage.input_tokens"], "^12$")',
    'IsMatch(attributes["stream"], "^true$")',
    'not IsMatch(attributes["nothing"], ".*")',
    'HasPrefix(name, "chat") and HasSuffix(name, "gpt")',
    'ContainsValue(attributes["stops"], "b")',
    'Len(attributes["stops"]) == 2',
    "IsString(name) and IsDouble(duration_ms) and IsInt(kind)",
    'IsBool(attributes["stream"]) and IsList(attributes["stops"]) and IsMap(attributes["meta"])',
]


@pytest.mark.parametrize("text", HOLDS)
def test_a_condition_holds(text):
    assert condition(text).holds(ASpan()) is True


FAILS = [
    'attributes["gen_ai.system"] == "OpenAI"',
    'attributes["gen_ai.usage.input_tokens"] == "12"',
    'attributes["gen_ai.usage.input_tokens"] < "13"',
    'attributes["stream"] == 1',
    'attributes["nothing"] > 0',
    'attributes["nothing"] <= nil',
    'attributes["stops"] < 1',
    'name == "x" or (name == "chat gpt" and false)',
    'ContainsValue(name, "c")',
    "Len(kind) == 1",
]


@pytest.mark.parametrize("text", FAILS)
def test_a_condition_does_not_hold(text):
    assert condition(text).holds(ASpan()) is False


def test_in_the_context_of_a_resource_attributes_are_those_of_the_resource():
    assert condition('attributes["service.namespace"] == "research"', "resource").holds(ASpan())


BAD = {
    "": "there is no condition",
    'name = "x"': "column 6: did not expect '='; equality is ==",
    "name == 'x'": "column 9: did not expect \"'x'\"; texts stand in double quotes",
    'name == "x" && true': "column 13: did not expect '&&'; write `and`",
    'name == "x" || true': "column 13: did not expect '||'; write `or`",
    'not (name == "x"': "column 17: something is missing at the end",
    'nane == "x"': "column 1: there is no nane in the span context; did you mean name?",
    "attributes == nil": 'column 1: attributes is a map: name an entry, for example attributes["key"]',
    'name["x"] == nil': "column 1: name has no entries",
    "attributes[0] == nil": "entries of attributes are named by texts",
    'attributes["stream"]': "column 1: this is a value, no test: compare it with something",
    'IsMatch(name, "(")': "column 1: IsMatch: the pattern '(' is no RE2 regular expression: missing )",
    "IsMatch(name, name)": "column 1: IsMatch: the pattern must be a text in quotes",
    "IsMatch(name)": "column 1: IsMatch takes 2 arguments, not 1",
    'Matches(name, "x")': "column 1: Matches is no function; there are IsMatch",
    "kind == SPAN_KIND_ROBOT": "column 9: SPAN_KIND_ROBOT is no constant",
    r'name == "\d"': r'column 9: "\d" is no text: a backslash must be doubled',
    "not " * 65 + "true": "more than 64 operations inside each other",
    f'name == "{"x" * MAX_CONDITION_BYTES}"': "longer than 16 KiB",
    f'IsMatch(name, "{"x" * 5000}")': "the pattern is longer than 4096 bytes",
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_a_mistake_is_named_with_its_column(text):
    with pytest.raises(BadCondition) as caught:
        condition(text)
    assert BAD[text] in str(caught.value)


def test_a_resource_has_no_name():
    with pytest.raises(BadCondition, match="there is no name in the resource context"):
        condition('name == "x"', "resource")


def test_an_equality_in_the_wrong_place_is_not_told_to_be_one():
    with pytest.raises(BadCondition, match=r"did not expect '=='$"):
        condition('attributes["a" == 1', "span")
