"""`otel-bridge queue`: what a person sees of the queue, and does with it."""

from __future__ import annotations

import json
import sys

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from otel_bridge.queue.base import API_SHARD, DeadCall, Destination, QueueLimits
from otel_bridge.queue.payload import change_records, span_records
from otel_bridge.queue.sqlite.reader import SqliteQueueReader
from otel_bridge.queue.sqlite.writer import SqliteQueueWriter
from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.decode import decode
from otel_bridge.weave.base import Write
from otel_bridge.weave.writes import decode_write, new_id
from tests.contract.api.bodies import a_batch, call_id, end_item, start_item
from tests.e2e import client
from tests.e2e.people import run, spawn
from tests.faults import behaviours
from tests.faults.sidecar import config, sidecar
from tests.faults.upstream import upstream

PROJECT = "team/shop"
RECEIVED_NS = 1_790_000_000_000_000_000


def spans(count: int):
    body = client.a_request(count).SerializeToString()
    export = Export(body=body, encoding=Encoding.PROTOBUF, received_ns=RECEIVED_NS)
    return decode(export, default_project=PROJECT).spans


def changes(*items, route="/call/upsert_batch", body=None):
    data = json.dumps(body or a_batch(*items)).encode()
    write = Write(route=route, body=data, received_at=RECEIVED_NS // 1000)
    return decode_write(write, new_id=new_id).changes


def opened(folder):
    limits = QueueLimits(min_free_bytes=0)
    (folder / "dead").mkdir(parents=True, exist_ok=True)
    dead = folder / "dead" / "dead_letters.db"
    return SqliteQueueWriter(folder / "queue.db", dead, [Destination("weave")], limits)


@pytest.fixture
def folder(tmp_path):
    """A queue with five spans and a written call that wait, and a span and a deletion that died."""
    folder = tmp_path / "data"
    writer = opened(folder)
    deletion = changes(route="/calls/delete", body={"project_id": PROJECT, "call_ids": [call_id(9)]})
    died = span_records(spans(1)) + change_records(deletion, RECEIVED_NS)
    writer.begin()
    writer.put(died)
    writer.commit()
    writer.begin()
    for lane, record in zip(writer.changed(), died, strict=True):
        call = DeadCall(
            seq=lane.last_seq, index=0, kind=record.kind, payload=record.payload, reason="refused",
            received_ns=RECEIVED_NS, status=400, answer=b'{"reason":"no"}',
        )  # fmt: skip
        writer.settle("weave", lane.id, lane.last_seq, dead=[call])
    call = {"project_id": PROJECT}
    writer.put(span_records(spans(5)))
    writer.put(change_records(changes(start_item(7, **call), end_item(7, **call)), RECEIVED_NS))
    writer.commit()
    writer.close()
    return folder


def queue(folder, *arguments, code=0):
    command, *rest = arguments
    return run("queue", command, "--data-dir", str(folder), *rest, code=code)


def inspected(folder) -> dict:
    return json.loads(queue(folder, "inspect", "--json")[0])


class TestInspect:
    def test_tables_say_what_waits_for_whom_and_what_died(self, folder):
        out, _ = queue(folder, "inspect")
        assert "2 records" in out
        assert "not in use" in out
        assert next(line.split()[:3] for line in out.splitlines() if line.startswith("weave")) == [
            "weave", PROJECT, "7",
        ]  # fmt: skip
        assert "refused" in out

    def test_json_says_the_same_in_bytes_and_utc(self, folder):
        found = inspected(folder)
        assert found["in_use_by"] is None
        (waiting,) = found["waiting"]
        assert (waiting["calls"], waiting["project"]) == (7, PROJECT)
        assert waiting["waiting since"] == "2026-09-21T14:13:20+00:00"
        (total,) = found["totals"]
        assert total["put"] == total["delivered"] + total["dead letters"] + total["lost"] + total["waiting"]
        assert (total["dead letters"], total["waiting"]) == (2, 7)
        assert [letter["reason"] for letter in found["dead_letters"]] == ["refused"]

    def test_a_place_without_a_queue_is_named(self, tmp_path):
        _, err = queue(tmp_path, "inspect", code=1)
        assert f"there is no queue in {tmp_path}" in err


class TestExport:
    def test_json_lines_hold_the_calls_as_the_upstream_would_get_them(self, folder):
        out, err = queue(folder, "export")
        assert err == "exported 7 calls\n"
        lines = [json.loads(line) for line in out.splitlines()]
        assert {line["destination"] for line in lines} == {"weave"}
        items = [item for line in lines for item in line["batch"]]
        assert [item["mode"] for item in items].count("start") == 6
        assert call_id(7) in {item["req"]["end"]["id"] for item in items if item["mode"] == "end"}

    def test_spans_come_out_as_otlp(self, folder, tmp_path):
        file = tmp_path / "spans.pb"
        _, err = queue(folder, "export", "--format", "otlp-proto", "-o", str(file))
        assert err == "exported 5 calls, 2 have no span\n"
        data = TracesData.FromString(file.read_bytes())
        assert sum(len(s.spans) for r in data.resource_spans for s in r.scope_spans) == 5
        out, _ = queue(folder, "export", "--format", "otlp-json")
        assert json.loads(out)["resourceSpans"]

    def test_dead_letters_come_with_what_the_upstream_said(self, folder):
        out, _ = queue(folder, "export", "--dead-letters")
        span, deletion = (json.loads(line) for line in out.splitlines())
        assert (span["reason"], span["status"], span["answer"]) == ("refused", 400, '{"reason":"no"}')
        assert [item["mode"] for item in span["batch"]] == ["start", "end"]
        assert deletion["batch"] == [
            {"mode": "delete", "req": {"project_id": PROJECT, "call_ids": [call_id(9)]}}
        ]

    def test_a_selection_is_exported(self, folder):
        assert queue(folder, "export", "--project", "team/other") == ("", "exported 0 calls\n")
        assert queue(folder, "export", "--dead-letters", "--reason", "too_old") == ("", "exported 0 calls\n")


class TestReplay:
    def test_dead_letters_wait_again_and_a_bridge_sends_them(self, folder):
        _, err = queue(folder, "replay")
        assert err == "put back 2 calls; a bridge that runs here sends them\n"
        found = inspected(folder)
        assert (found["dead_letters"], found["totals"][0]["waiting"]) == ([], 9)
        assert queue(folder, "replay")[1].startswith("put back 0 calls")
        with upstream() as weave:
            flags = config(folder.parent / "bridge.json", weave.url)
            with sidecar(folder, weave.url, flags):
                weave.wait(lambda: len(weave.whole()) == 7 and bool(weave.deleted))
            assert weave.deleted == [call_id(9)]

    def test_a_deletion_keeps_its_place_behind_what_was_there(self, folder):
        queue(folder, "replay")
        reader = SqliteQueueReader(folder / "queue.db")
        (api,) = [row for row in reader.ask("waiting") if row[3] == API_SHARD]
        first = reader.read("weave", api[0], api[4], max_calls=99, max_bytes=10**9)
        second = reader.read("weave", api[0], first.records[-1].seq, max_calls=99, max_bytes=10**9)
        reader.close()
        assert [record.calls for record in first.records] == [2]
        assert (second.records, second.blocked) == ((), True)

    def test_while_a_bridge_runs_it_says_what_to_do_and_reading_goes_on(self, folder):
        with upstream() as weave:
            weave.always = behaviours.status(503)
            flags = (config(folder.parent / "bridge.json", weave.url), "--shutdown-timeout=6s")
            with sidecar(folder, weave.url, *flags) as bridge:
                command = [sys.executable, "-m", "otel_bridge", "queue", "replay", "--data-dir", str(folder)]
                refused = spawn(command)
                assert refused.returncode == 3
                assert f"process {bridge.process.pid}" in refused.stderr
                assert "stop it, run this command again, and start it" in refused.stderr
                assert inspected(folder)["in_use_by"] == str(bridge.process.pid)
                assert queue(folder, "export")[1] == "exported 7 calls\n"


class TestPurge:
    def test_what_waits_goes_for_good_and_is_counted_as_lost(self, folder):
        assert queue(folder, "purge", "--yes")[1] == "threw away 7 waiting calls\n"
        found = inspected(folder)
        assert (found["waiting"], found["records"], found["totals"][0]["lost"]) == ([], 0, 7)

    def test_dead_letters_go_by_their_reason(self, folder):
        assert queue(folder, "purge", "--dead-letters", "--reason", "too_old", "--yes")[1] == (
            "threw away 0 dead letters\n"
        )
        assert queue(folder, "purge", "--dead-letters", "--yes")[1] == "threw away 2 dead letters\n"
        assert inspected(folder)["dead_letters"] == []
        assert inspected(folder)["totals"][0]["waiting"] == 7

    def test_it_asks_first(self, folder):
        queue(folder, "purge", code=1)
        assert inspected(folder)["totals"][0]["waiting"] == 7

    def test_a_reason_is_about_dead_letters(self, folder):
        _, err = queue(folder, "purge", "--reason", "too_old", code=2)
        assert "--dead-letters" in err
