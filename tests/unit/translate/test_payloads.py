"""Inputs and output beyond the attributes that Weave reads (otel-mapping.md §4)."""

from __future__ import annotations

import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_bridge.translate.calls import translate
from tests.fixtures.calls import call, tree
from tests.fixtures.otlp_spans import a_span, any_value, pairs

DETAILS = "gen_ai.client.inference.operation.details"


def event(name: str, attributes=()) -> Span.Event:
    return Span.Event(name=name, attributes=pairs(attributes))


def log(name: str, attributes=(), body=None) -> LogRecord:
    return LogRecord(event_name=name, attributes=pairs(attributes), body=any_value(body))


def heard(*events: Span.Event, logs: tuple[LogRecord, ...] = (), attributes=()) -> tuple:
    """Return inputs, output and attributes of a span with these events and log records."""
    span = a_span(attributes, events=events)
    made = translate(
        type(span)(**{name: getattr(span, name) for name in span.__struct_fields__} | {"logs": logs})
    )
    return tree(made.start.inputs), tree(made.end.output), tree(made.start.attributes)


class TestTools:
    @pytest.mark.parametrize("key", ["gen_ai.tool.call.arguments", "tool_arguments", "gen_ai.tool.args"])
    def test_arguments_are_the_inputs_themselves(self, key):
        assert tree(call({key: '{"city": "Paris"}'}).start.inputs) == {"city": "Paris"}

    def test_no_arguments_stay_an_object(self):
        assert tree(call({"gen_ai.tool.call.arguments": "{}"}).start.inputs) == {}

    def test_arguments_that_are_no_object_stand_under_their_key(self):
        assert tree(call({"gen_ai.tool.call.arguments": "Paris"}).start.inputs) == {
            "gen_ai.tool.call.arguments": "Paris"
        }

    @pytest.mark.parametrize("key", ["gen_ai.tool.call.result", "tool_response", "ai.toolCall.result"])
    def test_a_result_is_the_output(self, key):
        assert tree(call({key: '{"sky": "clear"}'}).end.output) == {key: {"sky": "clear"}}


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("gen_ai.retrieval.query.text", "inputs"),
        ("gen_ai.retrieval.documents", "output"),
        ("gen_ai.task.input", "inputs"),
        ("gen_ai.task.output", "output"),
        ("ai.toolCall.args", "inputs"),
        ("ai.values", "inputs"),
        ("ai.value", "inputs"),
        ("ai.embeddings", "output"),
        ("ai.embedding", "output"),
        ("langfuse.observation.input", "inputs"),
        ("langfuse.observation.output", "output"),
        ("mlflow.spanInputs", "inputs"),
        ("mlflow.spanOutputs", "output"),
        ("llm.prompts", "inputs"),
        ("reranker.query", "inputs"),
    ],
)
def test_a_value_stands_under_its_key(key, field):
    made = call({key: '["said"]'})
    assert tree(made.start.inputs if field == "inputs" else made.end.output) == {key: ["said"]}


class TestConditions:
    @pytest.mark.parametrize(
        ("key", "condition", "field"),
        [
            ("message", {"messaging.operation": "process"}, "inputs"),
            ("request_data", {"logfire.span_type": "span"}, "inputs"),
            ("response_data", {"logfire.span_type": "span"}, "output"),
        ],
    )
    def test_a_plain_key_counts_only_beside_its_senders_own(self, key, condition, field):
        def said(attributes):
            made = call(attributes)
            return tree(made.start.inputs if field == "inputs" else made.end.output)

        assert said({key: "hello"}) == {}
        assert said({key: "hello"} | condition) == {key: "hello"}


MESSAGES = {
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": "weather?",
    "llm.input_messages.1.message.role": "assistant",
    "llm.input_messages.1.message.tool_calls.0.tool_call.function.name": "get",
    "llm.input_messages.1.message.tool_calls.0.tool_call.function.arguments": "{}",
}
REBUILT = [
    {"role": "user", "content": "weather?"},
    {"role": "assistant", "tool_calls": [{"tool_call": {"function": {"name": "get", "arguments": {}}}}]},
]


class TestOpenInference:
    def test_the_messages_of_an_llm_span_come_before_its_input_value(self):
        sent = MESSAGES | {"openinference.span.kind": "LLM", "input.value": "ChatMessage(role=…"}
        assert tree(call(sent).start.inputs) == {"llm.input_messages": REBUILT}

    def test_another_spans_input_value_comes_before_its_messages(self):
        sent = MESSAGES | {"openinference.span.kind": "AGENT", "input.value": "weather?"}
        assert tree(call(sent).start.inputs) == {"input.value": "weather?"}

    def test_messages_without_anything_else_are_the_inputs(self):
        assert tree(call(MESSAGES).start.inputs) == {"llm.input_messages": REBUILT}

    def test_missing_indexes_leave_no_holes(self):
        sent = {"llm.output_messages.3.message.role": "b", "llm.output_messages.1.message.role": "a"}
        assert tree(call(sent).end.output) == {"llm.output_messages": [{"role": "a"}, {"role": "b"}]}

    def test_documents_are_the_output(self):
        sent = {
            "retrieval.documents.0.document.content": "Paris is sunny.",
            "retrieval.documents.0.document.score": 0.5,
            "retrieval.documents.1.document.metadata": '{"page": 3}',
        }
        assert tree(call(sent).end.output) == {
            "retrieval.documents": [
                {"content": "Paris is sunny.", "score": 0.5},
                {"metadata": {"page": 3}},
            ]
        }

    def test_embeddings_have_texts_in_and_vectors_out(self):
        sent = {
            "embedding.embeddings.0.embedding.text": "a",
            "embedding.embeddings.0.embedding.vector": [0.5, 1.0],
        }
        made = call(sent)
        assert tree(made.start.inputs) == {"embedding.embeddings": ["a"]}
        assert tree(made.end.output) == {"embedding.embeddings": [[0.5, 1.0]]}


class TestEvents:
    def test_old_messages_have_the_role_of_their_event(self):
        inputs, output, _ = heard(
            event("gen_ai.system.message", {"content": "terse"}),
            event("gen_ai.user.message", {"content": '[{"text": "6*7?"}]'}),
            event("gen_ai.choice", {"message": "42", "finish_reason": "stop", "index": 0}),
        )
        assert inputs == {
            "gen_ai.input.messages": [
                {"role": "system", "content": "terse"},
                {"role": "user", "content": [{"text": "6*7?"}]},
            ]
        }
        assert output == {
            "gen_ai.output.messages": [
                {"role": "assistant", "content": "42", "finish_reason": "stop", "index": 0}
            ]
        }

    def test_a_role_that_is_said_beats_the_events_name(self):
        inputs, _, _ = heard(event("gen_ai.user.message", {"role": "developer", "content": "x"}))
        assert inputs["gen_ai.input.messages"] == [{"role": "developer", "content": "x"}]

    def test_a_tools_result_stays_beside_the_choice(self):
        _, output, _ = heard(event("gen_ai.choice", {"message": "calling", "tool.result": '{"ok": true}'}))
        assert output["gen_ai.output.messages"] == [
            {"role": "assistant", "content": "calling", "tool.result": {"ok": True}}
        ]

    def test_messages_without_content_say_nothing(self):
        inputs, output, _ = heard(
            event("gen_ai.user.message", {"gen_ai.system": "openai"}),
            event("gen_ai.choice", {"finish_reason": "stop"}),
        )
        assert (inputs, output) == ({}, {})

    def test_the_current_events_parts_are_joined(self):
        inputs, output, attributes = heard(
            event(DETAILS, {"gen_ai.input.messages": '[{"role": "user"}]'}),
            event(
                DETAILS,
                {
                    "gen_ai.input.messages": [{"role": "tool"}],
                    "gen_ai.output.messages": '[{"role": "assistant"}]',
                    "gen_ai.system_instructions": '[{"type": "text", "content": "terse"}]',
                },
            ),
        )
        assert inputs == {"gen_ai.input.messages": [{"role": "user"}, {"role": "tool"}]}
        assert output == {"gen_ai.output.messages": [{"role": "assistant"}]}
        assert attributes["system_instructions"] == [{"type": "text", "content": "terse"}]

    def test_the_oldest_events_are_heard(self):
        inputs, output, _ = heard(
            event("gen_ai.content.prompt", {"gen_ai.prompt": '[{"role": "user", "content": "hi"}]'}),
            event("gen_ai.content.completion", {"gen_ai.completion": '[{"content": "ho"}]'}),
        )
        assert inputs == {"gen_ai.input.messages": [{"role": "user", "content": "hi"}]}
        assert output == {"gen_ai.output.messages": [{"content": "ho"}]}

    def test_a_body_in_an_attribute_is_read(self):
        body = '{"role": "user", "content": "hi"}'
        inputs, _, _ = heard(event("gen_ai.user.message", {"gen_ai.event.content": body}))
        assert inputs["gen_ai.input.messages"] == [{"role": "user", "content": "hi"}]

    def test_attributes_come_before_events(self):
        inputs, _, _ = heard(
            event("gen_ai.user.message", {"content": "from the event"}),
            attributes={"input.value": "from the attribute"},
        )
        assert inputs == {"input.value": "from the attribute"}

    def test_other_events_tell_no_messages(self):
        assert heard(event("gen_ai.content.completion.chunk"), event("cache.miss", {"key": "k"}))[:2] == (
            {},
            {},
        )


class TestLogs:
    def test_old_records_have_their_message_in_the_body(self):
        inputs, output, _ = heard(
            logs=(
                log("gen_ai.user.message", {"gen_ai.system": "openai"}, {"content": "6*7?"}),
                log(
                    "gen_ai.choice",
                    {"gen_ai.system": "openai"},
                    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "42"}},
                ),
            )
        )
        assert inputs == {"gen_ai.input.messages": [{"role": "user", "content": "6*7?"}]}
        assert output == {
            "gen_ai.output.messages": [
                {"role": "assistant", "content": "42", "index": 0, "finish_reason": "stop"}
            ]
        }

    def test_a_record_may_have_its_name_in_an_attribute(self):
        inputs, _, _ = heard(logs=(log("", {"event.name": "gen_ai.user.message"}, {"content": "hi"}),))
        assert inputs["gen_ai.input.messages"] == [{"role": "user", "content": "hi"}]

    def test_current_records_have_the_spans_attributes(self):
        inputs, output, attributes = heard(
            logs=(
                log(
                    DETAILS,
                    {
                        "gen_ai.input.messages": [
                            {"role": "user", "parts": [{"type": "text", "content": "?"}]}
                        ],
                        "gen_ai.output.messages": [{"role": "assistant"}],
                        "gen_ai.system_instructions": [{"type": "text", "content": "terse"}],
                    },
                ),
            )
        )
        assert inputs["gen_ai.input.messages"][0]["parts"] == [{"type": "text", "content": "?"}]
        assert output == {"gen_ai.output.messages": [{"role": "assistant"}]}
        assert attributes["system_instructions"] == [{"type": "text", "content": "terse"}]

    def test_events_of_the_span_come_before_records(self):
        inputs, _, _ = heard(
            event("gen_ai.user.message", {"content": "event"}),
            logs=(log("gen_ai.user.message", body={"content": "record"}),),
        )
        assert inputs["gen_ai.input.messages"] == [{"role": "user", "content": "event"}]

    def test_records_of_the_programs_own_tell_no_messages(self):
        assert heard(logs=(log("", body="user logged in"), log("app.event", body={"content": "x"})))[:2] == (
            {},
            {},
        )


@pytest.mark.parametrize(
    ("key", "beside"), [("all_messages_events", {}), ("events", {"gen_ai.request.model": "m"})]
)
def test_a_list_of_events_in_an_attribute_is_split_at_the_choice(key, beside):
    events = (
        '[{"event.name": "gen_ai.user.message", "content": "hi", "role": "user"},'
        ' {"event.name": "gen_ai.choice", "index": 0, "message": {"role": "assistant", "content": "ho"}}]'
    )
    made = call({key: events} | beside)
    assert tree(made.start.inputs) == {key: [{"role": "user", "content": "hi"}]}
    assert tree(made.end.output) == {key: [{"role": "assistant", "content": "ho", "index": 0}]}
