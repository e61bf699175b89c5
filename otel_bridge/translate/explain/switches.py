"""Who sends what only when told to: one row a sender, the first that recognises a span counts.

Packages keep the content of messages back by default, or can be told to; so an LLM span without messages is a
legal span (`contract/otel-mapping.md` §1). Each row names the switch as the sender's own documentation does.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

LLM: Final = frozenset({"llm", "generation", "chat"})
TOOL: Final = frozenset({"tool"})
AGENT: Final = frozenset({"agent"})
WRAPPERS: Final = frozenset({"workflow", "chain", "task", "guardrail"})

CONTENT: Final = LLM | TOOL | AGENT
"""Kinds of calls, in lower case, that have inputs and an output wherever a sender captures them."""

GENAI: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
OPT_IN: Final = "OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental"


class Switch(Struct, frozen=True, kw_only=True):
    """A sender, how its spans are known, and what makes it send content.

    `scopes` are beginnings of scope names, `keys` of attribute keys, `values` of an attribute's text; any of
    them tells the sender. `hidden` are texts that stand where it held content back; with `empty`, so do
    empty objects. `kinds` are the kinds of spans it puts content on. `late`: it writes messages when a call
    has ended well. `says` explains; `inputs` and `output` are what to set for either, `both` one switch for
    the two, all empty where nothing can be set. `page` is where its own documentation says so.
    """

    sender: str
    says: str
    scopes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    hidden: tuple[str, ...] = ()
    empty: bool = False
    kinds: frozenset[str] = CONTENT
    late: bool = False
    inputs: str = ""
    output: str = ""
    both: str = ""
    page: str = ""


SWITCHES: Final[tuple[Switch, ...]] = (
    Switch(
        sender="OpenInference",
        scopes=("openinference.",),
        keys=("openinference.",),
        hidden=("__REDACTED__",),
        kinds=LLM | TOOL,
        says="it sends content unless it is told to hide it",
        inputs="OPENINFERENCE_HIDE_INPUTS=false, and the same for OPENINFERENCE_HIDE_INPUT_MESSAGES, "
        "OPENINFERENCE_HIDE_INPUT_TEXT and OPENINFERENCE_HIDE_PROMPTS (TraceConfig in code has the same "
        "names)",
        output="OPENINFERENCE_HIDE_OUTPUTS=false, and the same for OPENINFERENCE_HIDE_OUTPUT_MESSAGES and "
        "OPENINFERENCE_HIDE_OUTPUT_TEXT (TraceConfig in code has the same names)",
        page="https://arize-ai.github.io/openinference/spec/configuration.html",
    ),
    Switch(
        sender="Vercel AI SDK",
        keys=("ai.operationId",),
        kinds=CONTENT | WRAPPERS,
        says="it sends content unless the call's telemetry settings turn it off",
        inputs="experimental_telemetry: { isEnabled: true, recordInputs: true }",
        output="experimental_telemetry: { isEnabled: true, recordOutputs: true }",
        page="https://ai-sdk.dev/docs/ai-sdk-core/telemetry",
    ),
    Switch(
        sender="Google ADK",
        scopes=("gcp.vertex.agent",),
        keys=("gcp.vertex.agent.",),
        empty=True,
        kinds=CONTENT | WRAPPERS,
        says="version 1 sends content unless it is told not to, version 2 only when it is told to",
        both=f"ADK_CAPTURE_MESSAGE_CONTENT_IN_SPANS=true, and for version 2 also "
        f"{GENAI}=SPAN_AND_EVENT with {OPT_IN}",
        page="https://google.github.io/adk-docs/observability/",
    ),
    Switch(
        sender="Pydantic AI",
        scopes=("pydantic-ai",),
        keys=("pydantic_ai.",),
        late=True,
        says="it sends content unless it is told not to",
        both="InstrumentationSettings(include_content=True), or "
        "logfire.instrument_pydantic_ai(include_content=True)",
        page="https://ai.pydantic.dev/logfire/#excluding-prompts-and-completions",
    ),
    Switch(
        sender="Microsoft Agent Framework",
        scopes=(
            "agent_framework",
            "Experimental.Microsoft.Agents.AI",
            "Experimental.Microsoft.Extensions.AI",
        ),
        says="it sends content only when it is told to",
        both="ENABLE_SENSITIVE_DATA=true (in code enable_sensitive_data=True, in C# EnableSensitiveData)",
        page="https://learn.microsoft.com/agent-framework/agents/observability",
    ),
    Switch(
        sender="LangSmith",
        scopes=("langsmith",),
        keys=("langsmith.",),
        empty=True,
        says="it sends content unless it is told to hide it",
        inputs="LANGSMITH_HIDE_INPUTS=false (in code Client(hide_inputs=False))",
        output="LANGSMITH_HIDE_OUTPUTS=false (in code Client(hide_outputs=False))",
        page="https://docs.langchain.com/langsmith/mask-inputs-outputs",
    ),
    Switch(
        sender="LiteLLM",
        scopes=("litellm",),
        hidden=("redacted-by-litellm",),
        says="it sends content unless it is told not to",
        both="litellm.turn_off_message_logging = False (in the proxy "
        "litellm_settings.turn_off_message_logging)",
        page="https://docs.litellm.ai/docs/proxy/logging",
    ),
    Switch(
        sender="Langfuse",
        scopes=("langfuse",),
        keys=("langfuse.",),
        says="@observe sends arguments and results unless it is told not to; other observations send what "
        "code gives them",
        inputs="LANGFUSE_OBSERVE_DECORATOR_IO_CAPTURE_ENABLED=true, and no capture_input=False",
        output="LANGFUSE_OBSERVE_DECORATOR_IO_CAPTURE_ENABLED=true, and no capture_output=False",
        page="https://langfuse.com/docs/observability/sdk/overview",
    ),
    Switch(
        sender="Strands",
        scopes=("strands.",),
        late=True,
        says="it always sends content, as span events: where they are missing, something on the way "
        "drops them",
        both="OTEL_SPAN_EVENT_COUNT_LIMIT above 0, and no filter for span events in a collector",
        page="https://strandsagents.com/latest/user-guide/observability-evaluation/traces",
    ),
    Switch(
        sender="Azure AI",
        values=(("gen_ai.system", "az.ai."), ("gen_ai.provider.name", "azure.ai."), ("az.namespace", "")),
        says="it sends content only when it is told to",
        both=f"AZURE_TRACING_GEN_AI_CONTENT_RECORDING_ENABLED=true (newer packages: {GENAI}=true)",
        page="https://learn.microsoft.com/python/api/overview/azure/ai-projects-readme#tracing",
    ),
    Switch(
        sender="AutoGen",
        scopes=("autogen",),
        says="its spans never have content; instrument the model client beside it (OpenInference or "
        "OpenLLMetry)",
    ),
    Switch(
        sender="Weave's conversation SDK",
        scopes=("weave.conversation",),
        says="it sends what code gives it",
    ),
    Switch(
        sender="Anthropic SDK",
        scopes=("com.anthropic.sdk",),
        says="its own spans never have content; an instrumentation of the SDK (OpenInference, OpenLLMetry, "
        "OTel) has it, in a span above",
    ),
    Switch(
        sender="OpenTelemetry's earlier GenAI packages",
        scopes=(
            "opentelemetry.instrumentation.openai_v2",
            "opentelemetry.instrumentation.google_genai",
            "opentelemetry.instrumentation.vertexai",
        ),
        says="it sends content only when it is told to, and by default as log records",
        both=f"{OPT_IN} with {GENAI}=SPAN_ONLY or SPAN_AND_EVENT puts it into spans; {GENAI}=true alone "
        "sends log records: run the bridge with --logs on",
        page="https://opentelemetry.io/docs/specs/semconv/gen-ai/",
    ),
    Switch(
        sender="OpenTelemetry's GenAI packages",
        scopes=("opentelemetry.instrumentation.genai.", "opentelemetry.util.genai"),
        kinds=CONTENT | {"workflow"},
        says="it sends content only when it is told to",
        both=f"{GENAI}=SPAN_ONLY or SPAN_AND_EVENT; where it is EVENT_ONLY, the content comes as log "
        "records: run the bridge with --logs on",
        page="https://opentelemetry.io/docs/specs/semconv/gen-ai/",
    ),
    Switch(
        sender="OpenLLMetry",
        scopes=("traceloop.", "opentelemetry.instrumentation."),
        keys=("traceloop.", "llm.request.type", "gen_ai.is_streaming"),
        kinds=CONTENT | {"workflow", "task"},
        says="it sends content unless it is told not to",
        both="TRACELOOP_TRACE_CONTENT=true",
        page="https://www.traceloop.com/docs/openllmetry/privacy/traces",
    ),
    Switch(
        sender="Logfire",
        scopes=("logfire",),
        keys=("logfire.",),
        hidden=("[Scrubbed due to",),
        says="its scrubbing takes away values that look like secrets",
        both="logfire.configure(scrubbing=False), or a callback in logfire.ScrubbingOptions that keeps it",
        page="https://logfire.pydantic.dev/docs/how-to-guides/scrubbing/",
    ),
    Switch(
        sender="a sender of OTel's GenAI conventions",
        keys=("gen_ai.",),
        says="most send content only when they are told to",
        both=f"usually {GENAI}=SPAN_AND_EVENT (earlier packages: true)",
        page="https://opentelemetry.io/docs/specs/semconv/gen-ai/",
    ),
)
"""The senders whose switches are known."""

STREAM_SWITCH: Final = 'stream_options={"include_usage": true} in the request for the stream'
"""What makes OpenAI-style APIs send usage with a stream
(https://platform.openai.com/docs/api-reference/chat/create)."""
