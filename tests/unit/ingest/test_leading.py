"""What the writer keeps of a request that passes pipelines."""

import orjson
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from otel_bridge.ingest import frames
from otel_bridge.ingest.fan import Fan
from otel_bridge.ingest.leading import Leading
from otel_bridge.ingest.requests import prepare_export, prepare_logs, prepare_write
from otel_bridge.pipeline.plan import Component, Pipeline, Plan
from otel_bridge.queue.base import Destination
from otel_bridge.queue.payload import read_changes
from otel_bridge.translate.options import Options
from tests.fixtures.processing import a_request, a_span, logs, put

SECRET = "sk-abcdefghijklmnopqrstuvwx"
REDACTION = Component("redaction", {"allow_all_keys": True, "blocked_values": ["sk-[a-z]{20,}"]})
PROJECT = "local/default"


def leading(*pipelines, processors=None) -> Leading:
    plan = Plan(tuple(Pipeline(*each) for each in pipelines), processors or {}, stores=("store",))
    return Leading(plan, Fan([Destination("weave"), Destination("weave/audit")]))


ONE = leading(
    ("traces", ("otlp", "weave_api"), ("redaction",), ("store", "weave")), processors={"redaction": REDACTION}
)
TWO = leading(
    ("traces", ("otlp", "weave_api"), (), ("store",)),
    ("traces/audit", ("otlp", "weave_api"), ("redaction",), ("weave/audit",)),
    processors={"redaction": REDACTION},
)


def exported(body, *, through=ONE, project=PROJECT, receiver="otlp"):
    request = frames.ExportSpans(7, "protobuf", 1_000_000, None, None, receiver)
    wire = body.SerializeToString()
    return prepare_export(request, wire, default_project=project, options=Options(), leading=through)


def written(*items, through=ONE):
    body = orjson.dumps({"batch": list(items)})
    request = frames.WriteCalls(7, "/call/upsert_batch", 1_000_000, None, None)
    return prepare_write(request, body, leading=through)


def a_start(op_name="chat", **inputs):
    start = {"project_id": PROJECT, "op_name": op_name, "started_at": 1, "attributes": {}, "inputs": inputs}
    return {"mode": "start", "req": {"start": start}}


def test_what_is_hidden_reaches_neither_the_store_nor_the_queue():
    prepared = exported(a_request(a_span("chat", {"input.value": f"use {SECRET}"})))
    assert len(prepared.changes) == 1
    assert SECRET not in repr(prepared.changes)
    (record,) = prepared.records
    assert record.destinations == ("weave",)
    assert SECRET.encode() not in record.payload
    assert len(TracesData.FromString(record.payload).resource_spans) == 1


def test_each_exporter_gets_what_its_pipeline_makes():
    prepared = exported(a_request(a_span("chat", {"input.value": SECRET})), through=TWO)
    assert SECRET in repr(prepared.changes)
    (record,) = prepared.records
    assert record.destinations == ("weave/audit",)
    assert SECRET.encode() not in record.payload


def test_calls_of_the_api_are_led_alike():
    prepared = written(a_start(question=SECRET), through=TWO)
    assert SECRET in repr(prepared.changes)
    (record,) = prepared.records
    (change,) = read_changes(record.payload)
    assert orjson.loads(change.inputs) == {"question": "****"}
    assert len(orjson.loads(prepared.body)["res"]) == 1


def test_what_is_filtered_is_accepted_and_counted():
    noise = Component("filter", {"traces": {"span": ['name == "noise"']}})
    through = leading(
        ("traces", ("otlp", "weave_api"), ("filter",), ("store",)), processors={"filter": noise}
    )
    prepared = exported(a_request(a_span("noise"), a_span("chat", number=2)), through=through)
    assert (prepared.reply.accepted, prepared.reply.rejected, len(prepared.changes)) == (2, 0, 1)
    assert prepared.reply.counts["processor:filtered:filter"] == 1
    prepared = written(a_start("noise"), a_start("chat"), through=through)
    assert len(prepared.changes) == 1
    assert prepared.reply.counts == {
        "processor:filtered:filter": 1,
        "processor:incoming:filter": 2,
        "processor:outgoing:filter": 1,
    }
    assert len(orjson.loads(prepared.body)["res"]) == 2


def test_spans_with_bad_ids_are_rejected_before_processors_see_them():
    sampler = Component("probabilistic_sampler", {"sampling_percentage": 100})
    through = leading(("traces", ("otlp",), ("sampler",), ("store",)), processors={"sampler": sampler})
    prepared = exported(a_request(a_span(trace_id=b"short"), a_span(number=2)), through=through)
    assert (prepared.reply.accepted, prepared.reply.rejected, len(prepared.changes)) == (1, 1, 1)


def test_a_processor_may_give_spans_their_project():
    actions = [
        {"action": "upsert", "key": "wandb.entity", "value": "acme"},
        {"action": "upsert", "key": "wandb.project", "from_attribute": "service.name"},
    ]
    named = Component("resource", {"attributes": actions})
    through = leading(("traces", ("otlp",), ("resource",), ("store",)), processors={"resource": named})
    prepared = exported(a_request(a_span(), resource={"service.name": "shop"}), through=through, project=None)
    assert [change.start.project_id if hasattr(change, "start") else change.project_id
            for change in prepared.changes] == ["acme/shop"]  # fmt: skip


def test_spans_without_a_project_are_rejected_once_however_many_exporters_there_are():
    prepared = exported(a_request(a_span(), a_span(number=2)), through=TWO, project=None)
    assert (prepared.reply.accepted, prepared.reply.rejected) == (0, 2)
    assert "no project" in prepared.reply.message


def test_what_comes_by_a_receiver_that_no_pipeline_names_is_kept_nowhere():
    through = leading(("traces", ("otlp",), (), ("store",)), ("traces/api", ("weave_api",), (), ("weave",)))
    prepared = exported(a_request(a_span()), through=through, receiver="weave_api")
    assert (len(prepared.changes), [each.destinations for each in prepared.records]) == (0, [("weave",)])


def test_attributes_that_came_twice_and_events_are_hidden_too():
    span = a_span("chat", {"a": SECRET})
    span.attributes.add(key="a").value.string_value = SECRET
    put(span.events.add(name="e").attributes, {"b": SECRET})
    assert SECRET not in repr(exported(a_request(span)).changes)


def test_log_records_are_led_through_the_pipelines_of_logs():
    request = logs(SECRET, "fine")
    head = frames.ExportLogs(7, "protobuf", 1_000_000, None)
    hidden = leading(
        ("traces", ("otlp",), (), ("store",)),
        ("logs", ("otlp",), ("redaction",), ("store",)),
        processors={"redaction": REDACTION},
    )
    wire = request.SerializeToString()
    prepared = prepare_logs(head, wire, default_project=PROJECT, leading=hidden)
    (span,) = prepared.changes
    assert (prepared.reply.accepted, SECRET.encode() in span.logs, b"fine" in span.logs) == (2, False, True)
