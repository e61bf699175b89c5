"""Usage, failures, threads and runs of a call come from where otel-mapping.md says."""

from __future__ import annotations

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.fixtures.calls import ID, call, tree
from tests.fixtures.otlp_spans import pairs


class TestUsage:
    def usage(self, attributes):
        return tree(call(attributes).end.summary).get("usage")

    @pytest.mark.parametrize(
        "keys",
        [
            ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
            ("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"),
            ("llm.token_count.prompt", "llm.token_count.completion"),
            ("ai.usage.promptTokens", "ai.usage.completionTokens"),
        ],
    )
    def test_every_spelling_becomes_one(self, keys):
        usage = self.usage({keys[0]: 3, keys[1]: "4", "gen_ai.request.model": "m"})
        assert usage == {"m": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}}

    def test_two_spellings_are_not_added_up(self):
        usage = self.usage({"gen_ai.usage.input_tokens": 3, "gen_ai.usage.prompt_tokens": 3})
        assert usage == {"usage": {"input_tokens": 3, "total_tokens": 3}}

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 3.5, "x", True, None, [1]])
    def test_what_is_no_count_is_passed_over(self, value):
        assert self.usage({"gen_ai.usage.input_tokens": value, "gen_ai.usage.output_tokens": 2}) == {
            "usage": {"output_tokens": 2, "total_tokens": 2}
        }

    def test_the_next_source_is_asked(self):
        usage = self.usage({"gen_ai.usage.input_tokens": "x", "llm.token_count.prompt": 5})
        assert usage == {"usage": {"input_tokens": 5, "total_tokens": 5}}

    def test_no_tokens_is_no_usage(self):
        assert self.usage({"gen_ai.request.model": "m"}) is None

    def test_zero_is_a_count(self):
        assert self.usage({"gen_ai.usage.input_tokens": 0}) == {
            "usage": {"input_tokens": 0, "total_tokens": 0}
        }

    def test_a_total_that_was_sent_counts(self):
        usage = self.usage({"llm.token_count.prompt": 1, "llm.token_count.total": 10})
        assert usage == {"usage": {"input_tokens": 1, "total_tokens": 10}}

    def test_cache_counts(self):
        usage = self.usage(
            {"gen_ai.usage.cache_read.input_tokens": 2, "gen_ai.usage.cache_creation.input_tokens": 3}
        )
        assert usage == {"usage": {"cache_creation_input_tokens": 3, "cache_read_input_tokens": 2}}

    def test_the_model_may_be_named_by_the_parameters(self):
        usage = self.usage({"llm.invocation_parameters": '{"model": "m"}', "llm.token_count.total": 1})
        assert list(usage) == ["m"]


ERROR = Status(code=Status.STATUS_CODE_ERROR)


def exception_event(**attributes) -> Span.Event:
    sent = {f"exception.{name}": value for name, value in attributes.items()}
    return Span.Event(name="exception", attributes=pairs(sent))


class TestFailures:
    @pytest.mark.parametrize("code", [0, 1, 7], ids=["unset", "ok", "unheard of"])
    def test_only_error_is_an_error(self, code):
        both = call(
            status=Status(code=code, message="m"), events=[exception_event(type="T", message="handled")]
        )
        assert both.end.exception is None
        assert tree(both.end.summary)["weave"]["status"] == "success"
        assert tree(both.end.summary)["status_counts"] == {"success": 1, "error": 0}

    def test_an_error_is_counted(self):
        summary = tree(call(status=ERROR).end.summary)
        assert summary["weave"]["status"] == "error"
        assert summary["status_counts"] == {"success": 0, "error": 1}

    def test_the_status_message_comes_first(self):
        status = Status(code=Status.STATUS_CODE_ERROR, message="told")
        assert call(status=status, events=[exception_event(type="T", message="m")]).end.exception == "told"

    @pytest.mark.parametrize(
        ("event", "text"),
        [
            ({"type": "T", "message": "m"}, "T: m"),
            ({"type": "T"}, "T"),
            ({"message": "m"}, "m"),
            ({}, "error"),
        ],
    )
    def test_then_the_exception_event(self, event, text):
        assert call(status=ERROR, events=[exception_event(**event)]).end.exception == text

    def test_the_last_exception_event_counts(self):
        events = [exception_event(message="first"), exception_event(message="last"), Span.Event(name="other")]
        assert call(status=ERROR, events=events).end.exception == "last"

    def test_then_the_error_type(self):
        assert call({"error.type": "timeout"}, status=ERROR).end.exception == "timeout"

    def test_then_just_error(self):
        assert call(status=ERROR).end.exception == "error"

    def test_the_stack_trace_follows_a_blank_line(self):
        events = [exception_event(type="T", message="m", stacktrace="Traceback\n  line")]
        assert call(status=ERROR, events=events).end.exception == "T: m\n\nTraceback\n  line"


class TestThreads:
    KEYS = ("wandb.thread_id", "gen_ai.conversation.id", "gcp.vertex.agent.session_id")

    @pytest.mark.parametrize("first", range(3))
    def test_what_the_user_set_comes_first(self, first):
        sent = {key: key for key in reversed(self.KEYS[first:])}
        assert call(sent).start.thread_id == self.KEYS[first]

    def test_a_thread_id_is_text(self):
        assert call({"wandb.thread_id": 42}).start.thread_id == "42"

    def test_a_root_span_of_a_thread_is_a_turn(self):
        assert call({"gen_ai.conversation.id": "c"}).start.turn_id == ID

    def test_a_child_is_no_turn(self):
        start = call({"gen_ai.conversation.id": "c"}, parent_span_id=b"parentid").start
        assert (start.thread_id, start.turn_id) == ("c", None)

    def test_a_root_without_a_thread_is_no_turn(self):
        assert call().start.turn_id is None

    def test_a_child_that_says_so_is_a_turn(self):
        start = call({"wandb.is_turn": True}, parent_span_id=b"parentid").start
        assert start.turn_id == ID

    @pytest.mark.parametrize("no", [False, "false"])
    def test_a_root_that_says_no_is_none(self, no):
        assert call({"gen_ai.conversation.id": "c", "wandb.is_turn": no}).start.turn_id is None


class TestRuns:
    def test_the_header_comes_first(self):
        assert call({"wandb.wb_run_id": "abc"}, wb_run_id="ent/proj/run").start.wb_run_id == "ent/proj/run"

    def test_a_run_belongs_to_the_project(self):
        assert call({"wandb.wb_run_id": "abc"}).start.wb_run_id == "ent/proj:abc"

    @pytest.mark.parametrize("run", ["ent/proj/run", "proj:run", ""])
    def test_a_run_with_a_path_is_none(self, run):
        assert call({"wandb.wb_run_id": run}).start.wb_run_id is None

    def test_steps(self):
        both = call({"wandb.wb_run_step": 0, "wandb.wb_run_step_end": "4"})
        assert (both.start.wb_run_step, both.end.wb_run_step_end) == (0, 4)

    def test_a_negative_step_is_none(self):
        assert call({"wandb.wb_run_step": -1}).start.wb_run_step is None
