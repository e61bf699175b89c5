"""What an LLM instrumentation sends: an agent, a chat and a tool, with the `gen_ai.*` conventions by hand.

Needs `pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http` and a running `otel-bridge run`.
Settings: OTEL_EXPORTER_OTLP_ENDPOINT (default http://localhost:4318),
    OTEL_BRIDGE_API (default 127.0.0.1:6345).
"""

import json
import os
import urllib.request

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

API = "http://" + os.environ.get("OTEL_BRIDGE_API", "127.0.0.1:6345")
PROJECT = "local/default"


def text(role: str, content: str) -> str:
    """Write one chat message the way the GenAI conventions do: a list of messages with parts, as JSON."""
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": content}]}])


def answer_question(tracer: trace.Tracer, question: str) -> str:
    """Pretend to be an agent; return its trace id."""
    with tracer.start_as_current_span("invoke_agent travel-helper") as agent:
        agent.set_attributes({
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "travel-helper",
            "gen_ai.input.messages": text("user", question),
        })  # fmt: skip
        with tracer.start_as_current_span("chat gpt-4o-mini", kind=trace.SpanKind.CLIENT) as chat:
            chat.set_attributes({
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4o-mini",
                "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
                "gen_ai.usage.input_tokens": 21,
                "gen_ai.usage.output_tokens": 9,
                "gen_ai.input.messages": text("user", question),
                "gen_ai.output.messages": text("assistant", "I will look that up."),
            })  # fmt: skip
        with tracer.start_as_current_span("execute_tool train_times") as tool:
            tool.set_attributes({
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "train_times",
                "gen_ai.tool.call.arguments": json.dumps({"from": "Bern", "to": "Basel"}),
                "gen_ai.tool.call.result": json.dumps(["08:04", "08:34"]),
            })  # fmt: skip
        agent.set_attribute("gen_ai.output.messages", text("assistant", "08:04 or 08:34."))
    return f"{agent.get_span_context().trace_id:032x}"


def show_calls(trace_id: str) -> None:
    """Print every call of the trace with what Weave would show first."""
    query = {"project_id": PROJECT, "filter": {"trace_ids": [trace_id]}}
    request = urllib.request.Request(f"{API}/calls/stream_query", data=json.dumps(query).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        for call in map(json.loads, answer):
            print(f"{call['op_name']}\n  inputs  {json.dumps(call['inputs'])}")
            print(f"  output  {json.dumps(call['output'])}")
            print(f"  usage   {json.dumps(call['summary'].get('usage'))}")


def main() -> None:
    provider = TracerProvider(resource=Resource.create({"service.name": "travel-helper"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace_id = answer_question(provider.get_tracer("examples.llm"), "When is the next train to Basel?")
    provider.shutdown()  # sends what is left
    show_calls(trace_id)


if __name__ == "__main__":
    main()
