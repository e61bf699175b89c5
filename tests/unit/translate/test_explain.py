"""Explanations say by which rule a field is what it is."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from otel_bridge.translate.explain import explain
from otel_bridge.translate.options import Options
from tests.fixtures.otlp_spans import a_message, a_request, a_span, any_value, decoded, pairs

FAILED = Status(code=2)


def story(attributes=(), options=None, **fields):
    return explain(a_span(attributes, **fields), options or Options())


def field(name: str, /, attributes=(), options=None, **fields):
    found = story(attributes, options, **fields).field(name)
    assert found is not None
    return found


def an_event(name: str, attributes=()) -> Span.Event:
    return Span.Event(name=name, attributes=pairs(attributes))


class TestSources:
    def test_the_winner_is_named_with_its_place_and_dialect_and_the_losers_with_why(self):
        inputs = field("inputs", {"input.value": "a", "traceloop.entity.input": "b"})
        assert inputs.value == {"input.value": "a"}
        assert (inputs.said.key, inputs.said.dialect, inputs.said.told) == (
            "input.value",
            "OpenInference",
            "attributes",
        )
        assert inputs.rule.startswith("source 4 of ")
        assert [(lost.said.key, lost.why) for lost in inputs.lost] == [
            ("traceloop.entity.input", "comes later")
        ]

    def test_a_source_whose_condition_does_not_hold_says_which(self):
        inputs = field(
            "inputs",
            {
                "openinference.span.kind": "CHAIN",
                "llm.input_messages.0.message.role": "u",
                "input.value": "a",
            },
        )
        assert inputs.lost[0].why == "counts only where `openinference.span.kind` is `llm`"

    def test_a_source_that_cannot_be_read_says_what_it_should_hold(self):
        tokens = field(
            "summary.usage.usage.input_tokens", {"gen_ai.usage.input_tokens": "x", "ai.usage.tokens": 3}
        )
        assert tokens.said.key == "ai.usage.tokens"
        assert tokens.lost[0].why.startswith("what it holds is not a whole number")

    def test_a_field_of_which_no_source_can_be_read_is_there_with_its_reasons(self):
        model = field("attributes.model", {"gen_ai.request.model": ""})
        assert model.value is None
        assert [lost.said.key for lost in model.lost] == ["gen_ai.request.model"]

    def test_a_subtree_names_all_the_attributes_that_went_into_it(self):
        parameters = field("attributes.model_parameters", {"gen_ai.request.a": 1, "gen_ai.request.b.c": 2})
        assert parameters.used == ("gen_ai.request.a", "gen_ai.request.b.c")

    def test_an_object_above_a_source_is_what_went_into_it(self):
        assert field("attributes.model", {"gen_ai": {"request": {"model": "m"}}}).used == ("gen_ai",)

    def test_events_that_tell_a_field_are_named(self):
        events = [an_event("gen_ai.user.message", {"content": "Hi"})]
        inputs = field("inputs", events=events)
        assert inputs.value == {"gen_ai.input.messages": [{"role": "user", "content": "Hi"}]}
        assert inputs.said.told == "span events"
        assert inputs.rule.endswith("told in span events")

    def test_events_lose_to_attributes(self):
        events = [an_event("gen_ai.user.message", {"content": "Hi"})]
        inputs = field("inputs", {"input.value": "a"}, events=events)
        assert [(lost.said.told, lost.why) for lost in inputs.lost] == [("span events", "comes later")]

    def test_what_nothing_tells_is_said_to_be_nothing(self):
        output = field("output", {"input.value": "a"})
        assert (output.value, output.rule) == (None, "no source of it is there")


class TestLogRecords:
    RECORD = LogRecord(event_name="gen_ai.user.message", attributes=pairs({"content": "Hi"}))

    def test_records_that_tell_a_field_are_named_and_not_left(self):
        told = explain(replace(a_span(), logs=(self.RECORD,)))
        assert told.field("inputs").value == {"gen_ai.input.messages": [{"role": "user", "content": "Hi"}]}
        assert told.field("inputs").said.told == "log records"
        assert told.left == ()

    def test_records_that_lose_or_tell_nothing_are_left(self):
        other = LogRecord(attributes=pairs({"event.name": "note"}), body=any_value("text"))
        told = explain(replace(a_span({"input.value": "a"}), logs=(self.RECORD, other)))
        assert [(left.where, left.name) for left in told.left] == [
            ("log record", "gen_ai.user.message"),
            ("log record", "note"),
        ]
        assert told.left[1].value == {"event.name": "note", "body": "text"}


class TestAttributes:
    def test_the_whole_tree_says_why_it_is_there(self):
        whole = story({"http.route": "/"})
        assert whole.shows_all
        assert whole.field("attributes").value == {"http": {"route": "/"}}
        assert "none of them is one that Weave maps" in whole.field("attributes").rule

    def test_what_wandb_attributes_sets_beats_what_is_mapped(self):
        kind = field("attributes.kind", {"weave.span.kind": "llm", "wandb.attributes": '{"kind": "mine"}'})
        assert kind.value == "mine"
        assert [lost.why for lost in kind.lost] == ["wandb.attributes sets it"]


class TestUsage:
    def test_a_total_that_nobody_sent_is_added_up(self):
        total = field("summary.usage.usage.total_tokens", {"gen_ai.usage.input_tokens": 3})
        assert (total.value, total.rule) == (3, "added up: input_tokens + output_tokens")

    def test_the_tokens_of_a_wrapper_are_set_apart_and_say_why(self):
        wrapper = {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 3}
        apart = field("attributes.aggregated_usage", wrapper)
        assert "the kind is agent, and such spans repeat their children's tokens" in apart.rule
        tokens = field("attributes.aggregated_usage.input_tokens", wrapper)
        assert tokens.said.key == "gen_ai.usage.input_tokens"

    def test_kept_tokens_of_a_wrapper_are_usage(self):
        wrapper = {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 3}
        keep = Options(usage_on_wrappers="keep")
        assert field("summary.usage.usage.input_tokens", wrapper, keep).value == 3

    def test_a_wrappers_own_tokens_beat_the_sums_that_its_sender_names(self):
        both = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.usage.input_tokens": 3,
            "gen_ai.aggregated_usage.input_tokens": 5,
        }
        assert field("attributes.aggregated_usage", both).value == {"input_tokens": 3, "total_tokens": 3}
        assert field("attributes.aggregated_usage.input_tokens", both).value == 3

    def test_sums_are_the_senders_word(self):
        apart = field("attributes.aggregated_usage", {"gen_ai.aggregated_usage.input_tokens": 3})
        assert apart.rule == "set apart from usage: the sender says that they are its children's"


class TestIdentity:
    def test_a_project_of_the_resource(self):
        request = a_request(a_message(), resource={"wandb.entity": "e", "wandb.project": "p"})
        (span,) = decoded(request).spans
        project = explain(span).field("project_id")
        assert (project.value, project.said.told) == ("e/p", "resource")

    def test_a_project_that_the_resource_does_not_name(self):
        project = field("project_id")
        assert project.said.told == "request"
        assert "--default-project" in project.rule

    @pytest.mark.parametrize(
        ("name", "rule"),
        [
            ("op", "the span's name"),
            ("", "the span has no name: 'unknown' stands for it"),
            ("x" * 129, "the span's name, cut to 128 characters with a hash of the whole at its end"),
            ("a\0b", "the span's name, without its NULs"),
        ],
        ids=["plain", "empty", "long", "nul"],
    )
    def test_an_op_name(self, name, rule):
        assert field("op_name", name=name).rule == rule

    @pytest.mark.parametrize(
        ("parent", "rule"),
        [
            (b"parentid", "the parent's id; it stays, whether the parent was ever seen or not"),
            (bytes(8), "none: a root"),
            (b"bad", "none: what was sent is malformed or the span's own id, so it is a root"),
        ],
        ids=["parent", "root", "malformed"],
    )
    def test_a_parent(self, parent, rule):
        assert field("parent_id", parent_span_id=parent).rule == rule

    def test_a_display_name_and_a_run(self):
        named = story({"logfire.msg": "said", "wandb.wb_run_id": "run"})
        assert named.field("display_name").said.key == "logfire.msg"
        assert named.field("wb_run_id").value == "ent/proj:run"

    def test_a_run_that_is_no_name(self):
        run = field("wb_run_id", {"wandb.wb_run_id": "a/b"})
        assert (run.value, run.rule) == (None, "it has `/` or `:`, which names of runs have not")

    def test_a_run_of_the_header(self):
        assert field("wb_run_id", wb_run_id="e/p:r").said.told == "request"


class TestTimes:
    def test_times_of_the_span_are_cut(self):
        assert field("started_at").rule == "the span's start, cut to whole microseconds"

    def test_times_of_langfuse_win(self):
        assert field("started_at", {"langfuse.startTime": 1_000_000}).said.key == "langfuse.startTime"

    def test_an_end_stands_for_a_start_that_is_missing(self):
        assert field("started_at", start_time_unix_nano=0).said.key == "end_time_unix_nano"

    def test_an_open_span_has_no_outcome(self):
        running = story(end_time_unix_nano=0)
        assert running.becomes == "start"
        assert [name for name in ("output", "exception", "ended_at") if running.field(name)] == []

    def test_an_announcement_becomes_nothing(self):
        assert story({"logfire.span_type": "pending_span"}).becomes == "nothing"


class TestThreads:
    def test_a_session_names_the_thread_when_nothing_else_does(self):
        thread = field("thread_id", {"session.id": "s"})
        assert thread.rule.endswith("nothing names a thread itself")

    def test_a_session_loses_to_a_thread(self):
        thread = field("thread_id", {"session.id": "s", "gen_ai.conversation.id": "c"})
        assert (thread.value, [lost.said.key for lost in thread.lost]) == ("c", ["session.id"])

    def test_sessions_that_are_switched_off_say_so(self):
        thread = field("thread_id", {"session.id": "s"}, Options(session_threads=False))
        assert (thread.value, thread.lost[0].why) == (None, "--session-threads is off")

    @pytest.mark.parametrize(
        ("attributes", "parent", "turns", "rule"),
        [
            ({}, b"", "roots", "no turn: there is no thread"),
            ({"session.id": "s"}, b"", "roots", "the root of a thread is a turn"),
            ({"session.id": "s"}, b"parentid", "roots", "no turn: only a thread's roots are"),
            ({"session.id": "s"}, b"parentid", "spans", "every span of a thread is a turn (--turns spans)"),
            ({"wandb.is_turn": True}, b"parentid", "roots", "wandb.is_turn says that it is a turn"),
            ({"wandb.is_turn": "false"}, b"", "roots", "wandb.is_turn says that it is no turn"),
        ],
        ids=["no thread", "root", "child", "spans", "said", "denied"],
    )
    def test_a_turn(self, attributes, parent, turns, rule):
        assert field("turn_id", attributes, Options(turns=turns), parent_span_id=parent).rule == rule


class TestFailure:
    def test_the_last_exception_event_explains_a_failure_without_a_message(self):
        event = an_event("exception", {"exception.type": "E", "exception.stacktrace": "T"})
        failed = field("exception", status=FAILED, events=[event])
        assert failed.value == "E\n\nT"
        assert failed.rule.startswith("the status is ERROR: the last exception event, and the stack trace")

    def test_the_status_message_comes_first(self):
        failed = field("exception", status=Status(code=2, message="no"), events=[an_event("exception")])
        assert failed.said.key == "the status message"

    def test_error_type_explains_what_nothing_else_does(self):
        failed = field("exception", {"error.type": "timeout"}, status=FAILED)
        assert (failed.value, failed.used) == ("timeout", ("error.type",))

    def test_a_handled_exception_is_none(self):
        handled = story(events=[an_event("exception", {"exception.type": "E"})])
        assert "was handled" in handled.field("exception").rule
        assert [(left.where, left.why) for left in handled.left] == [("event", "the span did not fail")]


class TestLeft:
    def test_attributes_that_no_field_used_are_left(self):
        assert [(left.where, left.name, left.value) for left in story({"model": "m", "custom": 1}).left] == [
            ("attribute", "model", "m"),
            ("attribute", "custom", 1),
        ]

    def test_a_loser_is_left_and_says_to_whom(self):
        (left,) = story({"input.value": "a", "input": "b"}).left
        assert (left.name, left.why) == ("input", "inputs has input.value")

    def test_events_links_and_resource_are_left(self):
        link = Span.Link(trace_id=b"t" * 16, span_id=b"s" * 8)
        message = a_message(events=[an_event("note", {"a": 1})], links=[link], trace_state="x=1")
        (span,) = decoded(a_request(message, resource={"service.name": "svc"})).spans
        told = explain(span)
        assert [(left.where, left.name) for left in told.left] == [
            ("event", "note"),
            ("link", f"{b't'.hex() * 16}/{b's'.hex() * 8}"),
            ("resource", "service.name"),
            ("span", "trace_state"),
        ]
        assert told.service == "svc"

    def test_an_event_that_told_a_field_is_not_left(self):
        assert story(events=[an_event("gen_ai.user.message", {"content": "Hi"})]).left == ()
