"""`explain` on files and standard input: what is shown, and one clear line for each mistake."""

from __future__ import annotations

import orjson
import pytest
from click.testing import CliRunner

from otel_bridge.cli import cli
from otel_bridge.commands import sources
from otel_bridge.commands.explained import clean, lines
from otel_bridge.translate.explain import explain
from tests.fixtures.captures import CAPTURES, ROOT, spans
from tests.fixtures.otlp_json import IDS, body_of
from tests.fixtures.otlp_spans import a_message, a_request, a_span

OTHER = {"traceId": IDS["traceId"], "spanId": "00000000000000ab"}


def run(*arguments: str, stdin: bytes | None = None):
    return CliRunner().invoke(cli, ["explain", *map(str, arguments)], input=stdin)


@pytest.fixture
def file_of(tmp_path):
    def write(content: bytes, name: str = "request.pb"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def one_span(**fields) -> bytes:
    return a_request(a_message({"input.value": "Hi"}, **fields)).SerializeToString()


class TestFiles:
    def test_one_span_is_explained_in_full(self, file_of):
        done = run(file_of(one_span()))
        assert done.exit_code == 0
        assert 'inputs = {"input.value":"Hi"}' in done.stdout
        assert "from input.value (attributes, OpenInference); source 4 of " in done.stdout

    def test_json_is_told_from_protobuf_by_its_first_character(self, file_of):
        assert "  span b7ad6b7169203331 of trace " in run(file_of(b"\n " + body_of(IDS), "x")).stdout

    def test_a_file_of_lines_is_read_line_by_line(self, file_of):
        content = body_of(IDS) + b"\n\n" + body_of(OTHER) + b"\n"
        assert "00000000000000ab" in run(file_of(content, "traces.jsonl")).stdout

    def test_json_over_several_lines_is_one_request(self, file_of):
        content = orjson.dumps(orjson.loads(body_of(IDS)), option=orjson.OPT_INDENT_2)
        assert "  span b7ad6b7169203331 of trace " in run(file_of(content)).stdout

    def test_standard_input_is_a_file_too(self):
        assert 'inputs = {"input.value":"Hi"}' in run("-", stdin=one_span()).stdout

    def test_the_project_of_spans_that_name_none_can_be_given(self, file_of):
        assert 'project_id = "e/p"' in run(file_of(one_span()), "--project", "e/p").stdout

    def test_the_switches_of_run_count(self, file_of):
        body = a_request(a_message({"session.id": "s"}, parent_span_id=b"parentid")).SerializeToString()
        assert "every span of a thread is a turn" in run(file_of(body), "--turns", "spans").stdout
        assert "--session-threads is off" in run(file_of(body), "--session-threads", "off").stdout

    def test_refused_spans_are_remarked_on_beside_the_others(self, file_of):
        bad = a_message(span_id=b"")
        done = run(file_of(a_request(a_message(), bad).SerializeToString()))
        assert done.exit_code == 0
        assert "note: span " in done.stderr
        assert "span_id is missing" in done.stderr


class TestSeveralSpans:
    @pytest.fixture
    def several(self):
        return ROOT / "google-adk-litellm" / "request-001.pb"

    def test_they_are_listed_with_what_they_have_and_lack(self, several):
        done = run(several)
        assert done.stdout.splitlines()[0].split() == [
            "#", "span", "kind", "in", "out", "tokens", "missing", "name",
        ]  # fmt: skip
        row = done.stdout.splitlines()[1].split()
        assert row[:7] == ["1", "6092cf5b506586be", "llm", "-", "-", "yes", "switch"]
        assert "--span ID" in done.stdout

    @pytest.mark.parametrize("chosen", ["2", "6dd5fd3bffb8fb8f", "6DD5FD3BFFB8FB8F"])
    def test_one_is_chosen_by_its_number_or_id(self, several, chosen):
        assert run(several, "--span", chosen).stdout.startswith("execute_tool get_weather\n")

    def test_all_of_them_can_be_explained(self, several):
        assert run(several, "--all").stdout.count("\nFields\n") == 14

    def test_json_is_one_object_a_span(self, several):
        found = [orjson.loads(line) for line in run(several, "--json").stdout.splitlines()]
        assert len(found) == 14
        assert found[0]["advice"][0]["switch"].startswith("ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS=true")

    def test_a_span_that_is_not_there_is_one_line(self, several):
        done = run(several, "--span", "99")
        assert (done.exit_code, done.stdout) == (1, "")
        assert "no span 99 among the 14 that are there" in done.stderr


class TestMistakes:
    @pytest.mark.parametrize("name", ["gone.pb", "some/where"])
    def test_no_such_file(self, name):
        done = run(name)
        assert done.exit_code == 2
        assert f"no such file: {name}" in done.stderr

    def test_a_directory(self, tmp_path):
        done = run(tmp_path)
        assert done.exit_code == 2
        assert "cannot be read" in done.stderr

    def test_not_otlp(self, file_of):
        done = run(file_of(b"PK\x03\x04 something else"))
        assert done.exit_code == 1
        assert "is not an OTLP trace request: the body is not a protobuf" in done.stderr

    def test_a_line_that_is_not_otlp_is_named(self, file_of):
        done = run(file_of(body_of(IDS) + b'\n{"resourceSpans": 1}\n'))
        assert done.exit_code == 1
        assert ", line 2, is not an OTLP trace request" in done.stderr

    def test_nothing_in_it(self, file_of):
        assert "is empty" in run(file_of(b"")).stderr

    def test_no_spans_in_it(self, file_of):
        done = run(file_of(b'{"resourceSpans": []}'))
        assert (done.exit_code, "has no spans" in done.stderr) == (1, True)

    def test_more_than_is_read(self, file_of, monkeypatch):
        monkeypatch.setattr(sources, "MAX_FILE_BYTES", 8)
        done = run(file_of(one_span()))
        assert (done.exit_code, "is larger than" in done.stderr) == (2, True)


def test_nothing_of_a_span_reaches_the_terminal_as_a_command():
    story = explain(a_span({"\x1b[2Jkey": "\x1b]0;title\x07"}, name="\x1b[31mred"))
    text = "\n".join(line.plain for line in lines(story))
    assert "\x1b" not in text
    assert "\\x1b[31mred" in text
    assert clean("ü 日本 ☀️".replace("\ufe0f", "")) == "ü 日本 ☀"


@pytest.mark.parametrize("capture", CAPTURES)
def test_every_recorded_span_can_be_shown(capture):
    for span in spans(capture):
        assert all(line.plain.isprintable() for line in lines(explain(span)))
