"""What a newcomer sees: nothing yet, then the first trace, which comes by itself."""

from __future__ import annotations

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from tests.browser.spans import a_span, send


def exporting(bridge, project):
    """A stock SDK that exports each span as it ends."""
    entity, name = project.split("/")
    provider = TracerProvider(resource=Resource({"wandb.entity": entity, "wandb.project": name}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{bridge.http}/v1/traces")))
    return provider


def test_an_empty_project_shows_the_two_lines_that_send_a_first_trace(page, bridge):
    page.open("#/traces?project=first/none")
    shown = page.one("main").text
    assert "opentelemetry-instrument python" in shown
    assert "npm install" in shown
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=" + bridge.api in shown
    assert "project_id=first%2Fnone" in shown


def test_a_trace_sent_by_a_stock_exporter_appears_by_itself(page, bridge):
    page.open("#/traces?project=first/sdk")
    provider = exporting(bridge, "first/sdk")
    with provider.get_tracer("tests").start_as_current_span("answer question") as span:
        span.set_attribute("input.value", "What is the capital of France?")
        span.set_attribute("output.value", "Paris")
    provider.shutdown()
    page.wait(lambda: page.texts(".rows .row-link") == ["answer question"], "the trace is listed")
    page.click(".row-link")
    page.ready("trace")
    page.wait(lambda: "What is the capital of France?" in page.one(".call").text, "what went in")


def test_rows_that_arrive_while_one_reads_wait_behind_a_line(page, bridge):
    old = [a_span(f"old {n}", trace=n, number=n, at=1_790_000_000 + n) for n in range(1, 81)]
    send(bridge, old, project="first/waits")
    page.open("#/traces?project=first/waits")
    before = page.ids(".rows [data-id]")
    page.run("const rows = document.querySelector('.rows'); rows.scrollTop = 400")
    page.wait(lambda: page.ids(".rows [data-id]") != before, "other rows are drawn")
    reading = page.run("return document.querySelector('.rows').scrollTop")
    send(bridge, [a_span(f"new {n}", trace=n, number=n) for n in (90, 91, 92)], project="first/waits")
    line = page.wait(lambda: page.css(".list-new button"), "the line of what is new")[0]
    page.wait(lambda: line.text == "3 new", "all three are counted")
    assert page.run("return document.querySelector('.rows').scrollTop") == reading
    page.click(line)
    page.wait(lambda: page.texts(".row-link")[:3] == ["new 92", "new 91", "new 90"], "they are on top")
    assert page.css(".list-new button") == []
