"""The sentences of docs/semconv.md between the tables."""

from __future__ import annotations

from typing import Final

from otel_bridge.translate.identity import MAX_DISPLAY_NAME, MAX_OP_NAME
from otel_bridge.translate.sources import Dialect

HEAD: Final = """# From a span to a call

Programs say the same facts in many words: what went into a model, what came out, which model it was, how
many tokens it took. This page lists every word the bridge knows. To see what it made of one span of
yours, and why, run `otel-bridge explain FILE` or `otel-bridge explain CALL_ID`.

The page is made from the tables of the translation by `python -m tests.pages.semconv`, and a test fails
when the two differ: edit the tables or `tests/pages/`, not this file."""

READING: Final = """Nothing in a span's attributes can make it fail or be refused. Whatever becomes no
field of the call stays in the span, which is kept whole: `attributes.otel_span` of an answer,
`otel_dump` of an export. Each example shows attributes of a span and what becomes of them."""

FIELDS: Final = """A field takes the first of its sources that is there and that it can use; the order of
the rows is the order of precedence, across dialects. Attributes come before span events, and those
before log records (which the bridge keeps when it runs with `--logs on`). A condition names another
attribute. "Weave reads it" says whether Weave's own server uses the source too."""

GROUPS: Final = {
    "Inputs and output": "The value stands under its source's key, unless the row says that it stands alone.",
    "Attributes": "Members of the call's `attributes`. A call of which Weave maps nothing has all "
    "attributes of "
    "its span there.",
    "Usage": "Members of the entry of `summary.usage` that bears the model's name.",
    "Usage of children": "Members of `attributes.aggregated_usage`: senders that say themselves that "
    "counts are "
    "sums.",
    "Threads": "See [threads and turns](#threads-and-turns).",
    "What a span sets outright": "For programs that know the bridge or Weave, and for Langfuse and Logfire.",
    "Failure": "See [failures](#failures).",
}

NAMES: Final = {
    "vercel_operation": "is no field; it tells wrappers",
    "session_id": "names the thread when nothing else does",
    "is_turn": "says whether the call is a turn of its thread",
    "spoken_name": "is the `display_name` when nobody chose one and it is not the span's name",
    "attributes": "is merged over the other attributes",
    "error_type": "explains a failure that nothing else does",
    "display_name": f"is cut to {MAX_DISPLAY_NAME} characters",
}

KINDS: Final = f"""A kind that is sent as such keeps its spelling (`LLM` of OpenInference, `workflow` of
Traceloop). Otherwise it is derived from the operation. The name of the op is the span's name, cut to
{MAX_OP_NAME} characters with a hash at its end; a span without a name is `unknown`."""

USAGE: Final = """Counts are whole numbers from 0; text and floats that mean one are read, all else (NaN
too) is passed over. A call without tokens has no `usage`. Agents, workflows, chains and Vercel's outer
operations repeat the tokens of the calls they make; their counts go to `attributes.aggregated_usage`,
unless the bridge runs with `--usage-on-wrappers keep`. Two instrumentations of one call each send its
tokens: that is left as it is."""

THREADS: Final = """The thread is the first of the sources of `thread_id`, else of `session_id` unless
the bridge runs with `--session-threads off`; it is always text. A call is a turn when `wandb.is_turn`
says so, else when it is the root span of a thread; with `--turns spans` every span of a thread is."""

FAILURES: Final = """A call has an `exception` exactly when the status of its span is ERROR: the status
message, else the last `exception` event as `type: message`, else what `error_type` finds, else `error`;
and after a blank line the stack trace of that event. An `exception` event of a span that did not fail is
a handled error and stays in the span."""

MESSAGES: Final = """Where attributes do not tell inputs, output or system instructions, these events do.
A log record's body counts like attributes, and so does JSON in `gen_ai.event.content`. Messages that say
nothing but who spoke, as senders write them that hold content back, are none."""

DIALECTS: Final = """What each one's spans look like, and the fields it feeds. A span may speak several;
nothing depends on which, only on the keys that are there."""

RECOGNISED: Final = {
    Dialect.GENAI: "`gen_ai.*`: the conventions of OpenTelemetry, before 1.37 with `gen_ai.system` and "
    "messages in "
    "events, since then with `gen_ai.provider.name` and `gen_ai.input.messages`.",
    Dialect.OPENINFERENCE: "`openinference.span.kind`, `llm.*`, `input.value`, `output.value`.",
    Dialect.OPENLLMETRY: "`gen_ai.prompt.N.*`, `gen_ai.completion.N.*`, `llm.request.type`.",
    Dialect.TRACELOOP: "`traceloop.*`, from the decorators of its SDK.",
    Dialect.VERCEL: "`ai.operationId` and `ai.*`, versions 4 to 6.",
    Dialect.PYDANTIC_AI: "Scope `pydantic-ai`; `pydantic_ai.all_messages`, `final_result`.",
    Dialect.LOGFIRE: "`logfire.*`. A span of type `log` is a call of kind `log`; a `pending_span` only "
    "announces "
    "another span and becomes no call.",
    Dialect.GOOGLE_ADK: "Scope `gcp.vertex.agent`; version 1 with `gcp.vertex.agent.*`, version 2 mostly "
    "`gen_ai.*`.",
    Dialect.LANGSMITH: "`langsmith.*`, next to `gen_ai.prompt` and `gen_ai.completion` as JSON.",
    Dialect.STRANDS: "Scope `strands.telemetry.tracer`; `gen_ai.*`, messages in span events.",
    Dialect.LITELLM: "Scope `litellm`; `gen_ai.*`.",
    Dialect.AUTOGEN: "Scopes `autogen-core` and `autogen …`; `messaging.*` with `message`.",
    Dialect.LANGFUSE: "`langfuse.*`.",
    Dialect.MLFLOW: "`mlflow.*`.",
    Dialect.ANTHROPIC: "Scope `com.anthropic.sdk.python`: spans of the SDK itself, below those of an "
    "instrumentation.",
    Dialect.MCP: "`mcp.*`, from servers and clients of the Model Context Protocol.",
    Dialect.WEAVE: "`wandb.*` and `weave.*`, set by hand or by Weave's SDK.",
    Dialect.PLAIN: "Spans of any program.",
}

SWITCHES: Final = """Many senders hold messages back unless they are told otherwise. `otel-bridge
explain` names the switch when a span of an LLM, a tool or an agent lacks its inputs or output; these are
the ones it knows. The first row that recognises a span counts, by its scope or its keys."""

NO_OWN: Final = "It has no words of its own: its spans are read by those of the others."
