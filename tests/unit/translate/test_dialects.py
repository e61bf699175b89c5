"""Kinds, models, tokens and threads of every dialect (otel-mapping.md §5, §6, §8, §10)."""

from __future__ import annotations

import pytest

from otel_bridge.translate.calls import announces, translate
from otel_bridge.translate.options import Options
from tests.fixtures.calls import ID, call, tree
from tests.fixtures.otlp_spans import a_span

PARENT = bytes.fromhex("00f067aa0ba902b7")


def block(attributes) -> dict:
    return tree(call(attributes).start.attributes)


def usage(attributes, options: Options | None = None):
    """Return the usage of a span's call, and the counts that are set apart."""
    made = translate(a_span(attributes), options or Options())
    return tree(made.end.summary).get("usage"), tree(made.start.attributes).get("aggregated_usage")


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"gen_ai.operation.name": "chat"}, "llm"),
        ({"gen_ai.operation.name": "text_completion"}, "llm"),
        ({"gen_ai.operation.name": "generate_content"}, "llm"),
        ({"gen_ai.operation.name": "embeddings"}, "embedding"),
        ({"gen_ai.operation.name": "execute_tool"}, "tool"),
        ({"gen_ai.operation.name": "invoke_agent"}, "agent"),
        ({"gen_ai.operation.name": "create_agent"}, "agent"),
        ({"gen_ai.operation.name": "invoke_workflow"}, "workflow"),
        ({"gen_ai.operation.name": "retrieval"}, "retriever"),
        ({"gen_ai.operation.name": "something_new"}, None),
        ({"ai.operationId": "ai.generateText.doGenerate"}, "llm"),
        ({"ai.operationId": "ai.streamObject.doStream"}, "llm"),
        ({"ai.operationId": "ai.embed.doEmbed"}, "embedding"),
        ({"ai.operationId": "ai.toolCall"}, "tool"),
        ({"ai.operationId": "ai.generateText"}, "chain"),
        ({"ai.operationId": "other"}, None),
        ({"langsmith.span.kind": "prompt", "gen_ai.operation.name": "chain"}, "prompt"),
        ({"langfuse.observation.type": "generation"}, "generation"),
        ({"mlflow.spanType": "CHAT_MODEL"}, "CHAT_MODEL"),
        ({"mlflow.spanType": '"CHAT_MODEL"'}, "CHAT_MODEL"),
        ({"logfire.span_type": "log"}, "log"),
        ({"logfire.span_type": "span"}, None),
        ({"llm.request.type": "chat"}, "llm"),
        ({"openinference.span.kind": "LLM", "gen_ai.operation.name": "chat"}, "LLM"),
        ({"traceloop.span.kind": "workflow", "openinference.span.kind": "CHAIN"}, "workflow"),
        ({"weave.span.kind": "tool", "traceloop.span.kind": "task"}, "tool"),
    ],
)
def test_a_kind_is_said_or_follows_from_the_operation(attributes, kind):
    assert block(attributes).get("kind") == kind


class TestModels:
    @pytest.mark.parametrize(
        "key",
        [
            "gen_ai.request.model",
            "llm.model_name",
            "ai.model.id",
            "embedding.model_name",
            "reranker.model_name",
            "langfuse.observation.model.name",
            "mlflow.llm.model",
        ],
    )
    def test_the_model_names_the_usage(self, key):
        counted, _ = usage({key: "m", "gen_ai.usage.input_tokens": 3})
        assert list(counted) == ["m"]

    @pytest.mark.parametrize(
        "keys",
        [
            ("gen_ai.provider.name", "gen_ai.system", "llm.system"),
            ("ai.model.provider", "gen_ai.system"),
            ("llm.system", "langsmith.metadata.ls_provider"),
        ],
    )
    def test_a_provider_is_the_first_that_is_said(self, keys):
        assert block({key: key for key in reversed(keys)})["provider"] == keys[0]

    @pytest.mark.parametrize(
        "key", ["llm.finish_reason", "ai.response.finishReason", "anthropic.message.stop_reason"]
    )
    def test_one_finish_reason_is_a_list(self, key):
        assert block({key: "stop"})["finish_reasons"] == ["stop"]

    def test_parameters_come_from_every_dialect_that_sends_an_object(self):
        assert block({"langfuse.observation.model.parameters": '{"temperature": 0.5}'})[
            "model_parameters"
        ] == {"temperature": 0.5}


class TestTokens:
    def test_both_spellings_are_written_once(self):
        counted, _ = usage({"gen_ai.usage.prompt_tokens": 9, "gen_ai.usage.input_tokens": 9})
        assert counted == {"usage": {"input_tokens": 9, "total_tokens": 9}}

    @pytest.mark.parametrize("value", ["nan", float("nan"), float("inf"), -1, 3.5, "x", True, None, [1]])
    def test_what_is_no_count_is_not_counted(self, value):
        assert usage({"gen_ai.usage.input_tokens": value}) == (None, None)

    def test_what_is_no_count_leaves_the_field_to_the_next_source(self):
        counted, _ = usage({"gen_ai.usage.input_tokens": float("nan"), "ai.usage.inputTokens": 4})
        assert counted["usage"]["input_tokens"] == 4

    def test_zero_is_a_count(self):
        counted, _ = usage({"gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 0})
        assert counted == {"usage": {"input_tokens": 5, "output_tokens": 0, "total_tokens": 5}}

    def test_vercels_current_keys_are_read(self):
        counted, _ = usage(
            {
                "ai.operationId": "ai.generateText.doGenerate",
                "ai.usage.inputTokens": 10,
                "ai.usage.outputTokens": 4,
                "ai.usage.totalTokens": 15,
                "ai.usage.inputTokenDetails.cacheReadTokens": 6,
                "ai.usage.inputTokenDetails.cacheWriteTokens": 2,
                "ai.usage.outputTokenDetails.reasoningTokens": 1,
            }
        )
        assert counted["usage"] == {
            "input_tokens": 10,
            "output_tokens": 4,
            "total_tokens": 15,
            "cache_creation_input_tokens": 2,
            "cache_read_input_tokens": 6,
            "reasoning_tokens": 1,
        }

    @pytest.mark.parametrize(
        ("key", "said"),
        [
            ("langfuse.observation.usage_details", '{"input": 7, "output": 2, "total": 9}'),
            ("langfuse.observation.usage_details", '{"prompt_tokens": 7, "completion_tokens": 2}'),
            ("mlflow.chat.tokenUsage", {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}),
        ],
    )
    def test_counts_may_be_members_of_one_object(self, key, said):
        counted, _ = usage({key: said})
        assert counted == {"usage": {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}}


COUNTS = {"gen_ai.usage.input_tokens": 30, "gen_ai.usage.output_tokens": 4}
SUMS = {"input_tokens": 30, "output_tokens": 4, "total_tokens": 34}


class TestWrappers:
    @pytest.mark.parametrize(
        "said",
        [
            {"gen_ai.operation.name": "invoke_agent"},
            {"gen_ai.operation.name": "invoke_workflow"},
            {"openinference.span.kind": "AGENT"},
            {"openinference.span.kind": "CHAIN"},
            {"traceloop.span.kind": "workflow"},
            {"langsmith.span.kind": "chain"},
            {"ai.operationId": "ai.streamText"},
            {"ai.operationId": "ai.generateText", "gen_ai.operation.name": "chat"},
        ],
    )
    def test_tokens_of_a_wrapper_are_set_apart(self, said):
        assert usage(COUNTS | said) == (None, SUMS)

    @pytest.mark.parametrize(
        "said",
        [
            {},
            {"gen_ai.operation.name": "chat"},
            {"openinference.span.kind": "LLM"},
            {"ai.operationId": "ai.generateText.doGenerate"},
            {"traceloop.span.kind": "task"},
        ],
    )
    def test_tokens_of_any_other_span_count(self, said):
        assert usage(COUNTS | said) == ({"usage": SUMS}, None)

    def test_they_count_as_in_weave_when_told_to(self):
        said = COUNTS | {"gen_ai.operation.name": "invoke_agent"}
        assert usage(said, Options(usage_on_wrappers="keep")) == ({"usage": SUMS}, None)

    def test_sums_that_are_called_sums_never_count(self):
        said = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.aggregated_usage.input_tokens": 30,
            "gen_ai.aggregated_usage.output_tokens": 4,
            "gen_ai.aggregated_usage.details.reasoning_tokens": 2,
        }
        sums = SUMS | {"reasoning_tokens": 2}
        for choice in ("drop", "keep"):
            assert usage(said, Options(usage_on_wrappers=choice)) == (None, sums)


class TestThreads:
    SESSIONS = (
        "session.id",
        "langsmith.metadata.thread_id",
        "langsmith.metadata.session_id",
        "traceloop.association.properties.session_id",
        "traceloop.association.properties.thread_id",
        "traceloop.association.properties.chat_id",
        "ai.telemetry.metadata.sessionId",
        "ai.telemetry.metadata.threadId",
        "langfuse.session.id",
    )
    THREADS = ("wandb.thread_id", "gen_ai.conversation.id", "gcp.vertex.agent.session_id")

    def test_the_first_that_is_said_names_the_thread(self):
        keys = self.THREADS + self.SESSIONS
        for first in range(len(keys)):
            assert call({key: key for key in reversed(keys[first:])}).start.thread_id == keys[first]

    def test_sessions_name_no_threads_when_told_so(self):
        options = Options(session_threads=False)
        assert translate(a_span({"session.id": "s"}), options).start.thread_id is None
        assert translate(a_span({"gen_ai.conversation.id": "c"}), options).start.thread_id == "c"

    def test_a_number_becomes_text(self):
        assert call({"wandb.thread_id": 7}).start.thread_id == "7"

    @pytest.mark.parametrize(
        ("attributes", "parent", "turns", "turn"),
        [
            ({"session.id": "s"}, b"", "roots", ID),
            ({"session.id": "s"}, PARENT, "roots", None),
            ({"session.id": "s"}, PARENT, "spans", ID),
            ({}, b"", "spans", None),
            ({"session.id": "s", "wandb.is_turn": False}, b"", "spans", None),
            ({"session.id": "s", "wandb.is_turn": "false"}, b"", "roots", None),
            ({"session.id": "s", "wandb.is_turn": True}, PARENT, "roots", ID),
        ],
    )
    def test_a_turn_is_a_root_of_a_thread_or_says_so(self, attributes, parent, turns, turn):
        span = a_span(attributes, parent_span_id=parent)
        assert translate(span, Options(turns=turns)).start.turn_id == turn


class TestLogfire:
    def test_its_message_is_the_display_name_where_it_says_more_than_the_name(self):
        assert call({"logfire.msg": "hello 5"}, name="hello {x}").start.display_name == "hello 5"
        assert call({"logfire.msg": "hello"}, name="hello").start.display_name is None

    def test_a_name_that_a_person_gave_comes_first(self):
        sent = {"logfire.msg": "hello 5", "wandb.display_name": "greeting"}
        assert call(sent, name="hello {x}").start.display_name == "greeting"

    def test_a_pending_span_only_announces_another(self):
        assert announces(a_span({"logfire.span_type": "pending_span"}))
        assert not announces(a_span({"logfire.span_type": "span"}))


def test_what_only_we_read_is_laid_over_the_attributes_it_came_from():
    assert block({"langfuse.observation.type": "tool", "custom": 1}) == {
        "langfuse": {"observation": {"type": "tool"}},
        "custom": 1,
        "kind": "tool",
    }


def test_an_mcp_request_shows_its_method_whatever_else_is_known():
    sent = {"mcp.method.name": "prompts/get", "gen_ai.prompt.name": "ask", "mcp.resource.uri": "data://x"}
    assert block(sent) == {"mcp": {"method": {"name": "prompts/get"}, "resource": {"uri": "data://x"}}}


def test_a_langfuse_error_without_a_status_message_has_langfuses():
    sent = {"langfuse.observation.status_message": "bad input"}
    assert call(sent, status={"code": 2}).end.exception == "bad input"
