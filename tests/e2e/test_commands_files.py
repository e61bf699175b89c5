"""Calls and spans in files, and what goes wrong on the way."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from tests.contract.api.bodies import a_batch, call_id
from tests.e2e import client
from tests.e2e.people import CALLS, SPANS, run, spawn
from tests.e2e.people import a_call as people_call
from tests.e2e.process import environment
from tests.fixtures.captures import exports


class TestExportAndImport:
    def test_calls_come_back_as_they_were(self, source, tmp_path, filled):
        file, copy = tmp_path / "calls.jsonl", tmp_path / "copy"
        for project in (CALLS, SPANS):
            run("export", "--project", project, *source, "-o", str(file))
            assert run("import", str(file), "--data-dir", str(copy))[1].startswith("imported ")
            again, _ = run("export", "--project", project, "--data-dir", str(copy))
            assert again == file.read_text()
        assert not list(tmp_path.glob("*.part*"))

    def test_spans_come_back_byte_for_byte(self, source, tmp_path):
        file, copy = tmp_path / "spans.pb", tmp_path / "copy"
        exported = run("export", "--project", SPANS, *source, "--format", "otlp-proto", "-o", str(file))[1]
        assert TracesData.FromString(file.read_bytes()).resource_spans
        run("import", str(file), "--data-dir", str(copy), "--into-project", SPANS)
        again = tmp_path / "again.pb"
        here = ["--project", SPANS, "--data-dir", str(copy)]
        assert run("export", *here, "--format", "otlp-proto", "-o", str(again))[1] == exported
        assert again.read_bytes() == file.read_bytes()
        assert run("export", *here)[0] == run("export", "--project", SPANS, *source)[0]

    def test_spans_as_json_say_the_same(self, source, tmp_path):
        file, copy = tmp_path / "spans.jsonl", tmp_path / "copy"
        run("export", "--project", SPANS, *source, "--format", "otlp-json", "-o", str(file))
        first = json.loads(file.read_text().splitlines()[0])["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
        assert int(first["traceId"], 16)
        run("import", str(file), "--data-dir", str(copy), "--into-project", SPANS)
        assert (
            run("export", "--project", SPANS, "--data-dir", str(copy))[0]
            == run("export", "--project", SPANS, *source)[0]
        )

    def test_spans_become_calls_as_the_options_of_run_say(self, source, tmp_path):
        file, here = tmp_path / "spans.pb", ["--project", SPANS, "--data-dir", str(tmp_path / "copy")]
        run("export", "--project", SPANS, *source, "--format", "otlp-proto", "-o", str(file))
        run(
            "import",
            str(file),
            *here,
            "--into-project",
            SPANS,
            "--turns",
            "spans",
            "--session-threads",
            "off",
        )
        calls, those_of_a_bridge = (
            [json.loads(line) for line in run("export", *place)[0].split("\n")[:-1]]
            for place in (here, ["--project", SPANS, *source])
        )
        assert len(calls) == len(those_of_a_bridge)
        assert all(call["turn_id"] == call["id"] for call in calls if call["thread_id"])
        assert sum(bool(call["thread_id"]) for call in calls) < sum(
            bool(call["thread_id"]) for call in those_of_a_bridge
        )

    def test_feedback_comes_along_when_it_is_asked_for(self, source, filled, tmp_path):
        file, here = tmp_path / "file", ["--data-dir", str(tmp_path / "copy"), "--project", "the/copy"]
        ref = f"weave:///{CALLS}/call/{call_id(2)}"
        members = {"project_id": CALLS, "weave_ref": ref}
        said = [
            {**members, "id": "n", "feedback_type": "wandb.note.1", "payload": {"note": "good"}},
            {**members, "id": "r", "feedback_type": "wandb.reaction.1", "payload": {"emoji": "👍"}},
        ]
        client.post(filled.api, "/feedback/batch/create", {"batch": said})
        run("export", "--project", CALLS, *source, "--with-feedback", "-o", str(file))
        for _ in range(2):
            run("import", str(file), *here, "--into-project", "the/copy")
        of_calls = [
            [
                (entry["id"], entry["weave_ref"], entry["payload"])
                for entry in call["summary"]["weave"]["feedback"]
            ]
            for call in map(json.loads, run("export", *here, "--with-feedback")[0].splitlines())
        ]
        copied = f"weave:///the/copy/call/{call_id(2)}"
        assert [len(entries) for entries in of_calls] == [0, 2, 0, 0, 0]
        assert of_calls[1][0] == ("n", copied, {"note": "good"})
        assert of_calls[1][1][2]["alias"] == ":thumbs_up:"
        assert '"feedback"' not in run("export", *here)[0]

    def test_spans_have_no_room_for_feedback(self, source):
        run("export", *source, "--format", "otlp-proto", "--with-feedback", code=2)

    @pytest.mark.parametrize("where", ["directory", "url"])
    def test_spans_are_counted_wherever_they_stand(self, filled, tmp_path, where):
        """One request may hold many spans of one resource, and some that are refused."""
        here = ["--url", filled.api] if where == "url" else ["--data-dir", str(tmp_path / "copy")]
        for capture in ("oi-langchain", "vercel-ai5-json"):
            (export,) = exports(capture)
            file = tmp_path / capture
            file.write_bytes(export.body)
            _, err = run("import", str(file), *here, "--into-project", f"counted/{capture}")
            out, _ = run("calls", *here, "--project", f"counted/{capture}", "--json", "-n", "1000")
            assert err == f"imported {out.count(chr(10))} spans\n"
        good, bad = ({"spanId": i * 16, "traceId": i * 32, "name": "n"} for i in "1x")
        spans = {"resourceSpans": [{"scopeSpans": [{"spans": [good, bad, bad]}]}]}
        file.write_text(json.dumps(spans))
        _, err = run("import", str(file), *here, "--into-project", "counted/bad", code=1)
        assert err.splitlines()[1:] == ["imported 1 spans", "Error: 2 spans were refused"]

    def test_json_of_many_lines_is_one_request(self, tmp_path):
        (export,) = exports("vercel-ai5-json")
        file = tmp_path / "file"
        file.write_text(json.dumps(json.loads(export.body), indent=2))
        assert run("import", str(file), "--data-dir", str(tmp_path / "copy"))[1] == "imported 19 spans\n"

    def test_an_op_of_any_name_makes_no_file_of_spans(self, source, filled, tmp_path):
        file = tmp_path / "file"
        items = people_call(1, start={"project_id": "odd/names", "op_name": "resourceSpans"})
        client.post(filled.api, "/call/upsert_batch", a_batch(*items))
        run("export", "--project", "odd/names", *source, "-o", str(file))
        assert run("import", str(file), "--data-dir", str(tmp_path / "copy"))[1] == "imported 1 calls\n"

    def test_a_filter_selects(self, source):
        out, err = run("export", "--project", CALLS, *source, "--status", "error")
        assert json.loads(out)["id"] == call_id(3)
        assert err == "exported 1 calls\n"

    def test_calls_without_a_span_are_counted(self, source):
        out, err = run("export", "--project", CALLS, *source, "--format", "otlp-proto")
        assert (out, err) == ("", "exported 0 spans, 5 have no span\n")

    def test_a_running_bridge_takes_what_was_exported(self, filled, tmp_path):
        file, here = tmp_path / "file", ["--url", filled.api]
        for shape, project in (("calls", CALLS), ("otlp-proto", SPANS), ("otlp-json", SPANS)):
            target = f"copies/{shape}"
            run("export", "--project", project, *here, "--format", shape, "-o", str(file))
            run("import", str(file), *here, "--into-project", target)
            copied = set(client.ids(filled.api, target))
            assert copied == set(client.ids(filled.api, project))

    def test_importing_again_changes_nothing(self, filled, tmp_path):
        file, here = tmp_path / "file", ["--url", filled.api]
        before, _ = run("export", "--project", CALLS, *here)
        file.write_text(before)
        run("import", str(file), *here)
        assert run("export", "--project", CALLS, *here)[0] == before


class TestTrouble:
    def test_a_directory_that_a_bridge_writes_is_refused_with_a_hint(self, filled, tmp_path):
        file = tmp_path / "file"
        file.write_text("{}\n")
        arguments = ["import", str(file), "--data-dir", str(filled.data_dir)]
        command = [sys.executable, "-m", "otel_bridge", *arguments]
        done = subprocess.run(
            command, env=environment(), capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 3
        assert done.stderr.endswith("--url URL reaches it\n")

    def test_no_bridge_there_is_one_line(self):
        _, err = run("calls", "--url", "http://127.0.0.1:1", code=1)
        assert err == "Error: cannot reach a bridge at http://127.0.0.1:1: Connection refused\n"

    def test_another_port_of_the_bridge_is_one_line(self, filled):
        _, err = run("calls", "--url", filled.http, code=1)
        assert err.endswith(
            "answered 404: there is nothing at this path; append /v1/traces to the endpoint\n"
        )
        _, err = run("calls", "--url", f"http://{filled.grpc}", code=1)
        assert err.endswith("what answers there does not speak HTTP\n")

    @pytest.mark.parametrize("url", ["ftp://x", "http://", "http://127.0.0.1:port"])
    def test_an_address_that_is_none(self, url):
        assert "no address of a bridge" in run("calls", "--url", url, code=1)[1]

    def test_no_calls_there_is_one_line(self, tmp_path):
        assert "there are no calls in" in run("calls", "--data-dir", str(tmp_path), code=1)[1]

    @pytest.mark.parametrize("flags", [["--since", "yesterday"], ["--until", "7q"], ["--project", "x"]])
    def test_a_bad_option_is_a_usage_error(self, source, flags):
        run("calls", *source, *flags, code=2)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b'{"id":1}\n', "call 1 of the file is no exported call"),
            (b"\x0a\xff\xff\xff\xff\x7f", "not OTLP traces in protobuf"),
            (b"\x0a\x05ab", "ends amid a span"),
            (b"hello", "not OTLP traces in protobuf"),
            (b'{"resourceSpans":7}\n', "no OTLP/JSON"),
            (b'{"resourceSpans":[]}\n{"resourceLogs":[]}\n', "resourceLogs"),
            (b'{\n"resourceSpans":\n', "no OTLP/JSON"),
        ],
    )
    def test_a_file_that_was_not_exported(self, tmp_path, content, words):
        file = tmp_path / "file"
        file.write_bytes(content)
        assert words in run("import", str(file), "--data-dir", str(tmp_path / "new"), code=1)[1]

    def test_a_file_that_is_something_else_makes_no_directory(self, tmp_path):
        file, new = tmp_path / "file", tmp_path / "new"
        file.write_bytes(b"hello")
        run("import", str(file), "--data-dir", str(new), code=1)
        assert not new.exists()

    def test_a_reader_that_goes_away_ends_it_quietly(self, filled):
        export = f"{sys.executable} -m otel_bridge export --project {SPANS} --url {filled.api}"
        done = spawn(["sh", "-c", f"{export} | head -c 10"])
        assert (len(done.stdout), done.stderr) == (10, "")
