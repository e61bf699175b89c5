"""`${env:NAME}` and its relatives: the grammar, and what a key makes of the text."""

from __future__ import annotations

import pytest

from otel_bridge.config_file.nodes import Node, Plain, plain
from otel_bridge.config_file.problems import Origin, Rank
from otel_bridge.config_file.references import MAX_EXPANDED, Expander

ENVIRON = {"A": "a", "EMPTY": "", "NAME": "A", "NUMBER": "0123", "DOLLAR": "p$$w${A}", "MAP": "{x: 1}"}
WEAVE = """
receivers: {otlp: {protocols: {http: }}}
exporters: {weave: {endpoint: "http://a:1", auth: {api_key: KEY}, sending_queue: QUEUE}}
service: {pipelines: {traces: {receivers: [otlp], exporters: [weave]}}}
"""


def expanded(text: str, environ=ENVIRON):
    expander = Expander(environ)
    node = expander.tree(Node(text, Origin("here", Rank.FILE, 1, 1)))
    return plain(node), [one.text for one in expander.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$A", "$A"),
        ("100 $", "100 $"),
        ("$$", "$"),
        ("$${A}", "${A}"),
        ("$$$${A}", "$${A}"),
        ("$$${A}", "$a"),
        ("${A}", "a"),
        ("${env:A}", "a"),
        ("x${A}y${env:A}z", "xayaz"),
        ("${env:NONE:-d}", "d"),
        ("${NONE:-d}", "d"),
        ("${env:NONE:-a:-b}", "a:-b"),
        ("${env:EMPTY:-d}", "d"),
        ("${env:EMPTY}", ""),
        ("x${env:NONE:-}y", "xy"),
        ("${env:NONE:-}", None),
        ("${env:NONE:-${A}}", "a"),
        ("${env:NONE:-${env:NONE:-x$$y}}", "x$y"),
        ("${env:A:-${env:NOT_LOOKED_AT}}", "a"),
        ("${env:${NAME}}", "a"),
        ("${env:${env:${env:NONE:-NAME}}}", "a"),
        ("${DOLLAR}", "p$$w${A}"),
        ("a } b", "a } b"),
        ("${env:NONE:-{}}", "{}"),
        ("${env:NONE:-a b\nc}", "a b\nc"),
    ],
)
def test_a_text_stands_for(text, expected):
    assert expanded(text) == (expected, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${env:NONE}", "the variable NONE is not set; ${env:NONE:-default} gives a default"),
        ("${A", "`${` has no `}`"),
        ("${}", "${} is neither a variable nor a file"),
        ("${1A}", "neither a variable nor a file"),
        ("${yaml:x}", "neither a variable nor a file"),
        ("${https://a}", "neither a variable nor a file"),
        ("${env:a-b}", "neither a variable nor a file"),
        ("${file:/no/such}", "cannot read /no/such: No such file"),
        ("${A:-" * 10 + "}" * 10, "nested deeper than 8"),
    ],
)
def test_what_stands_for_nothing_is_said(text, expected):
    _, (said,) = expanded(text)
    assert expected in said


def test_a_file_is_taken_without_the_newline_at_its_end(tmp_path):
    path = tmp_path / "key"
    path.write_text("two\nlines$$\r\n")
    value, problems = expanded(f"${{file:{path}}}")
    assert (value, value.path, problems) == ("two\nlines$$", str(path), [])
    assert expanded("<${file:${env:WHERE}}>", {"WHERE": str(path)}) == ("<two\nlines$$>", [])


def test_what_references_stand_for_is_bounded(tmp_path):
    large = {"X": "x" * (MAX_EXPANDED // 4)}
    value, problems = expanded("${X}" * 5, large)
    assert (len(value), problems) == (0, [f": references stand for more than {MAX_EXPANDED} characters"])


def weave(configure, key="k", queue="{}", **environ):
    text = WEAVE.replace("KEY", key).replace("QUEUE", queue)
    return configure(text, environ=environ).config.upstreams[0]


@pytest.mark.parametrize(
    "text", ["0123", "1e3", "yes", "null", "[a]", "{a:1}", "'quoted'", "#no-comment", "*x"]
)
def test_a_key_for_text_gets_the_text_of_a_variable(configure, text):
    assert weave(configure, key="'${env:K}'", K=text).api_key.get_secret_value() == text


def test_plain_numbers_are_texts_where_a_text_is_wanted(configure):
    assert weave(configure, key="0123").api_key.get_secret_value() == "0123"
    assert weave(configure, key="1_0").api_key.get_secret_value() == "1_0"


def test_a_key_for_something_else_gets_what_the_text_means(configure):
    assert weave(configure, queue="{num_consumers: '${env:N}'}", N="9").in_flight == 9
    queue = weave(configure, queue="'${env:Q}'", Q="{num_consumers: 3, on_full: drop_oldest}")
    assert (queue.in_flight, queue.required) == (3, False)
    text = WEAVE.replace("[weave]", "'${env:NAMES}'").replace("KEY", "k").replace("QUEUE", "")
    assert configure(text, environ={"NAMES": "[weave]"}).config.upstreams[0].name == "weave"


def test_an_empty_default_is_a_key_that_is_not_there(configure):
    assert weave(configure, key="'${env:K:-}'").api_key is None


def test_off_needs_no_quotes(configure):
    text = "receivers: {otlp: {protocols: {http: }}}\nexporters: {store: {retention: off, max_bytes: off}}\n"
    text += "service: {pipelines: {traces: {receivers: [otlp], exporters: [store]}}}"
    config = configure(text).config
    assert (config.retention, config.max_disk) == (None, None)


def test_what_a_variable_gave_is_named_when_it_is_wrong(problems):
    text = WEAVE.replace('"http://a:1"', '"${env:URL}"').replace("KEY", "k").replace("QUEUE", "{}")
    (said,) = problems(text, environ={"URL": "ftp://x"})
    assert said.startswith("a.yaml:2:31: exporters.weave.endpoint (from URL): 'ftp://x' is no http")


def test_what_a_file_holds_is_not_shown_when_it_is_wrong(problems, tmp_path):
    (tmp_path / "secret").write_text("hush-hush")
    text = WEAVE.replace("QUEUE", "{max_age: '${file:SECRET}'}").replace("KEY", "'${file:SECRET}'")
    (said,) = problems(text.replace("SECRET", str(tmp_path / "secret")))
    assert "max_age" in said
    assert "hush" not in said


def test_an_overridden_reference_need_not_stand_for_anything(configure):
    text = WEAVE.replace("KEY", "'${env:NOT_SET}'").replace("QUEUE", "")
    assert configure(text, sets=["exporters.weave.auth.api_key=k"]).config.upstreams


def test_a_reference_within_braces_needs_quotes_and_is_told_so(problems):
    (said,) = problems(WEAVE.replace("KEY", "${env:K}"))
    assert said.startswith("a.yaml:2:62: this is no YAML")
    assert said.endswith("quote a value with ${ }")


def test_plain_texts_are_texts():
    assert Plain.of("1", "/f").path == "/f"
    assert Plain.of("1") == "1"
