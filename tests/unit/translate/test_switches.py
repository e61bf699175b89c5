"""Where content is missing, the sender is recognised and its switch is named."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Status

from otel_bridge.translate.explain import explain
from otel_bridge.translate.explain.switches import SWITCHES
from tests.fixtures.captures import spans
from tests.fixtures.otlp_spans import a_span

FAILED = Status(code=2, message="no")


def advice(attributes, scope="", **fields):
    span = a_span(attributes, **fields)
    wire = ScopeSpans(scope=InstrumentationScope(name=scope)).SerializeToString()
    return explain(replace(span, origin=replace(span.origin, scope_wire=wire))).advice


def switch_for(name, attributes, scope="", **fields):
    """Return sender and switch for one field, None without any."""
    found = [one for one in advice(attributes, scope, **fields) if name in one.fields]
    return (found[0].sender, found[0].switch) if found else None


CHAT = {"gen_ai.operation.name": "chat"}
TOOL = {"gen_ai.operation.name": "execute_tool"}
OPENINFERENCE_LLM = {"openinference.span.kind": "LLM"}

MADE_UP = [
    (
        "OpenInference",
        {**OPENINFERENCE_LLM, "input.value": "__REDACTED__"},
        "",
        "OPENINFERENCE_HIDE_INPUTS=false",
    ),
    ("OpenInference", OPENINFERENCE_LLM, "", "OPENINFERENCE_HIDE_INPUTS=false"),
    ("Vercel AI SDK", {"ai.operationId": "ai.generateText.doGenerate"}, "ai", "recordInputs: true"),
    ("Google ADK", CHAT, "gcp.vertex.agent", "ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS=true"),
    (
        "Google ADK",
        {**TOOL, "gcp.vertex.agent.tool_call_args": "{}"},
        "",
        "ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS",
    ),
    ("Pydantic AI", CHAT, "pydantic-ai", "include_content=True"),
    ("Microsoft Agent Framework", CHAT, "agent_framework", "ENABLE_SENSITIVE_DATA=true"),
    ("LangSmith", {"langsmith.span.kind": "llm", "gen_ai.prompt": "{}"}, "", "LANGSMITH_HIDE_INPUTS=false"),
    (
        "LiteLLM",
        {**CHAT, "gen_ai.input.messages": '[{"content":"redacted-by-litellm"}]'},
        "litellm",
        "turn_off",
    ),
    (
        "Langfuse",
        {"langfuse.observation.type": "generation"},
        "",
        "LANGFUSE_OBSERVE_DECORATOR_IO_CAPTURE_ENABLED",
    ),
    ("Strands", CHAT, "strands.telemetry.tracer", "OTEL_SPAN_EVENT_COUNT_LIMIT"),
    (
        "Azure AI",
        {**CHAT, "gen_ai.system": "az.ai.inference"},
        "",
        "AZURE_TRACING_GEN_AI_CONTENT_RECORDING_ENABLED",
    ),
    ("AutoGen", TOOL, "autogen-core", ""),
    ("Weave's conversation SDK", CHAT, "weave.conversation", ""),
    ("Anthropic SDK", CHAT, "com.anthropic.sdk.python", ""),
    (
        "OpenTelemetry's earlier GenAI packages",
        CHAT,
        "opentelemetry.instrumentation.openai_v2",
        "OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental",
    ),
    (
        "OpenTelemetry's GenAI packages",
        CHAT,
        "opentelemetry.instrumentation.genai.openai",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY",
    ),
    (
        "OpenLLMetry",
        {"llm.request.type": "chat"},
        "opentelemetry.instrumentation.openai.v1",
        "TRACELOOP_TRACE_CONTENT",
    ),
    ("Logfire", {**CHAT, "input.value": "[Scrubbed due to 'password']"}, "pydantic-ai", "scrubbing=False"),
    (
        "a sender of OTel's GenAI conventions",
        CHAT,
        "mine",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
    ),
]


@pytest.mark.parametrize(
    ("sender", "attributes", "scope", "to_set"), MADE_UP, ids=[row[0] for row in MADE_UP]
)
def test_a_sender_is_recognised_and_its_switch_named(sender, attributes, scope, to_set):
    who, switch = switch_for("inputs", attributes, scope)
    assert who == sender
    assert to_set in switch


def test_every_row_has_a_case():
    assert {row.sender for row in SWITCHES} == {case[0] for case in MADE_UP}


@pytest.mark.parametrize(
    ("capture", "sender", "kind", "to_set"),
    [
        ("google-adk-litellm", "Google ADK", "llm", "ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS=true"),
        ("google-adk-litellm", "Google ADK", "workflow", "ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS=true"),
        ("otel-google-genai-default", "OpenTelemetry's earlier GenAI packages", "tool", "=SPAN_ONLY"),
        (
            "otel-openai-v2-default",
            "OpenTelemetry's earlier GenAI packages",
            "llm",
            "run the bridge with --logs on",
        ),
        ("genai-openai-events", "OpenTelemetry's GenAI packages", "llm", "run the bridge with --logs on"),
        ("autogen", "AutoGen", "agent", ""),
        ("oi-anthropic", "Anthropic SDK", "llm", ""),
        ("oi-agents", "OpenInference", "LLM", "OPENINFERENCE_HIDE_INPUTS=false"),
    ],
)
def test_recorded_spans_without_content_name_the_switch(capture, sender, kind, to_set):
    explained = [explain(span) for span in spans(capture)]
    found = [
        one
        for story in explained
        if (named := story.field("attributes.kind")) is not None and named.value == kind
        for one in story.advice
        if "inputs" in one.fields
    ]
    assert found
    assert {one.sender for one in found} == {sender}
    assert all(to_set in one.switch for one in found)


@pytest.mark.parametrize("capture", ["oi-openai", "vercel-ai5-json", "genai-openai-span", "traceloop-sdk"])
def test_spans_that_have_their_content_name_no_switch_for_it(capture):
    named = [
        (span.name, one.fields)
        for span in spans(capture)
        for one in explain(span).advice
        if one.switch and one.fields != ("summary.usage",)
    ]
    assert named == []


class TestNoSwitchIsAtFault:
    def test_a_span_that_failed_has_no_output(self):
        (output, _) = advice(CHAT | {"gen_ai.input.messages": "[]"}, status=FAILED)
        assert (output.text, output.switch) == ("the span failed before there was an output", "")

    def test_a_sender_that_writes_messages_at_the_end_has_none_of_a_failed_call(self):
        (both, _) = advice(CHAT, "pydantic-ai", status=FAILED)
        assert both.fields == ("inputs", "output")
        assert both.switch == ""

    def test_a_sender_that_sent_the_one_captures_the_other_too(self):
        said = switch_for(
            "output", CHAT | {"gen_ai.input.messages": "[]"}, "opentelemetry.instrumentation.genai.x"
        )
        assert said == ("OpenTelemetry's GenAI packages", "")

    def test_plain_services_lack_nothing(self):
        assert advice({"http.route": "/"}, "opentelemetry.instrumentation.flask") == ()

    def test_kinds_that_have_no_content_lack_none(self):
        assert advice({"openinference.span.kind": "CHAIN"}) == ()


class TestTokens:
    @pytest.mark.parametrize(
        ("attributes", "text"),
        [
            ({"gen_ai.request.stream": True}, "OpenAI-style APIs send usage with a stream only"),
            ({"llm.is_streaming": "true"}, "OpenAI-style APIs send usage with a stream only"),
            (
                {"llm.invocation_parameters": '{"stream": true}'},
                "OpenAI-style APIs send usage with a stream only",
            ),
            ({"ai.usage.promptTokens": math.nan}, "no number stands in ai.usage.promptTokens"),
            ({}, "no tokens were sent; if the answer was streamed"),
        ],
        ids=["said", "as text", "parameters", "NaN", "unknown"],
    )
    def test_missing_tokens_say_why_as_far_as_it_is_known(self, attributes, text):
        (tokens,) = (one for one in advice(CHAT | attributes) if one.fields == ("summary.usage",))
        assert tokens.text.startswith(text)
        assert "include_usage" in tokens.switch

    def test_a_failed_call_has_no_tokens(self):
        (tokens,) = (one for one in advice(CHAT, status=FAILED) if one.fields == ("summary.usage",))
        assert (tokens.text, tokens.switch) == ("the span failed before there was usage", "")

    def test_a_stream_of_vercel_4_had_nan(self):
        streams = [
            one
            for span in spans("vercel-ai4-proto")
            for one in explain(span).advice
            if "no number stands in" in one.text
        ]
        assert len(streams) == 1

    def test_tokens_that_are_set_apart_are_not_missing(self):
        assert (
            advice({"traceloop.span.kind": "agent", "gen_ai.usage.input_tokens": 3, "input": 1, "output": 1})
            == ()
        )
