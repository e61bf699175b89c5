"""Each field of a call comes from where otel-mapping.md says."""

from __future__ import annotations

import pytest

from otel_bridge.model.call import StartedCall
from otel_bridge.translate.calls import translate
from tests.fixtures.calls import ID, YEAR_2300_MICROS, call, tree
from tests.fixtures.otlp_spans import RECEIVED_NS, START_NS, a_span


class TestIdentity:
    def test_ids_are_lower_case_hex(self):
        start = call().start
        assert (start.id, start.trace_id) == (ID, "0af7651916cd43dd8448eb211c80319c")

    def test_both_halves_name_project_and_call(self):
        both = call()
        assert (both.start.project_id, both.end.project_id, both.end.id) == ("ent/proj", "ent/proj", ID)

    @pytest.mark.parametrize("parent", [b"", bytes(8)], ids=["empty", "zeros"])
    def test_no_parent_is_a_root(self, parent):
        assert call(parent_span_id=parent).start.parent_id is None

    def test_a_parent_that_is_never_seen_stays(self):
        assert call(parent_span_id=bytes.fromhex("00000000000000ff")).start.parent_id == "00000000000000ff"

    def test_the_same_span_twice_is_the_same_call(self):
        span = a_span({"gen_ai.request.model": "m", "a.b": [1, {"c": "d"}]})
        assert translate(span) == translate(span)


class TestNames:
    def test_128_characters_stay(self):
        assert call(name="x" * 128).start.op_name == "x" * 128

    def test_a_longer_name_is_cut_at_a_delimiter_and_keeps_a_hash(self):
        name = "a very long name " + "segment/" * 40 + "end"
        cut = call(name=name).start.op_name
        assert cut.startswith("a very long name segment/")
        assert cut[:-5] == name[: len(cut) - 5]
        assert name[len(cut) - 5] == "/"
        assert len(cut) <= 128

    def test_without_a_delimiter_it_is_cut_at_123(self):
        assert call(name="x" * 300).start.op_name == "x" * 123 + ":0d4e"

    def test_a_delimiter_in_front_cuts_nothing_off(self):
        assert call(name="/" + "x" * 300).start.op_name.startswith("/" + "x" * 122 + ":")

    def test_an_empty_name_is_unknown(self):
        both = call(name="")
        assert both.start.op_name == "unknown"
        assert tree(both.end.summary)["weave"]["trace_name"] == "unknown"

    def test_a_display_name_is_cut_at_1024(self):
        assert call({"wandb.display_name": "D" * 1024}).start.display_name == "D" * 1024
        assert call({"wandb.display_name": "D" * 1025}).start.display_name == "D" * 1021 + "..."


class TestTimes:
    def test_nanoseconds_are_cut_to_microseconds(self):
        assert call(start_time_unix_nano=1760000000123456999).start.started_at == 1760000000123456

    def test_an_open_span_has_no_end(self):
        started = call(end_time_unix_nano=0)
        assert isinstance(started, StartedCall)
        assert started.started_at == START_NS // 1000

    def test_without_a_start_the_end_counts(self):
        both = call(start_time_unix_nano=0)
        assert both.start.started_at == both.end.ended_at
        assert both.start.span_start_ns == 0

    def test_without_any_time_the_receive_time_counts(self):
        started = call(start_time_unix_nano=0, end_time_unix_nano=0)
        assert started.started_at == RECEIVED_NS // 1000

    def test_an_end_before_the_start_is_passed_on(self):
        both = call(start_time_unix_nano=2_500_000_000, end_time_unix_nano=1_000_000_000)
        assert (both.start.started_at, both.end.ended_at) == (2_500_000, 1_000_000)
        assert tree(both.end.summary)["weave"]["latency_ms"] == -1500

    def test_times_beyond_2299_are_clamped_in_the_call_only(self):
        both = call(start_time_unix_nano=2**64 - 2, end_time_unix_nano=2**64 - 1)
        assert both.start.started_at == both.end.ended_at == YEAR_2300_MICROS - 1
        assert both.start.span_start_ns == 2**64 - 2

    def test_langfuse_times_win(self):
        both = call(
            {"langfuse.startTime": "2026-01-02T03:04:05.678Z", "langfuse.endTime": 1_767_323_046_000_000_000}
        )
        assert (both.start.started_at, both.end.ended_at) == (1_767_323_045_678_000, 1_767_323_046_000_000)


INPUT_KEYS = (
    "ai.prompt",
    "gen_ai.prompt",
    "input.value",
    "mlflow.spanInputs",
    "gen_ai.input.messages",
    "pydantic_ai.all_messages",
    "traceloop.entity.input",
    "gcp.vertex.agent.tool_call_args",
    "gcp.vertex.agent.llm_request",
    "input",
    "inputs",
)
OUTPUT_KEYS = (
    "ai.response",
    "gen_ai.completion",
    "output.value",
    "gen_ai.output.messages",
    "mlflow.spanOutputs",
    "final_result",
    "gen_ai.content.completion",
    "traceloop.entity.output",
    "gcp.vertex.agent.tool_response",
    "gcp.vertex.agent.llm_response",
    "output",
    "outputs",
)


class TestPayloads:
    @pytest.mark.parametrize("key", INPUT_KEYS)
    def test_an_input_keeps_its_source_key(self, key):
        assert tree(call({key: "hi"}).start.inputs) == {key: "hi"}

    @pytest.mark.parametrize("key", OUTPUT_KEYS[:-2])
    def test_an_output_keeps_its_source_key(self, key):
        assert tree(call({key: "ho"}).end.output) == {key: "ho"}

    @pytest.mark.parametrize("first", range(len(INPUT_KEYS) - 2))
    def test_inputs_are_taken_in_this_order(self, first):
        sent = {key: "x" for key in reversed(INPUT_KEYS[first:]) if key != "input"}
        assert list(tree(call(sent).start.inputs)) == [INPUT_KEYS[first]]

    @pytest.mark.parametrize("first", range(len(OUTPUT_KEYS) - 2))
    def test_outputs_are_taken_in_this_order(self, first):
        sent = {key: "x" for key in reversed(OUTPUT_KEYS[first:]) if key != "output"}
        assert list(tree(call(sent).end.output)) == [OUTPUT_KEYS[first]]

    def test_json_text_is_parsed(self):
        assert tree(call({"input.value": '{"a": [1]}'}).start.inputs) == {"input.value": {"a": [1]}}

    def test_a_key_may_name_a_subtree(self):
        sent = {
            "ai.response.text": "hi",
            "ai.response.toolCalls": '[{"id": 1}]',
            "ai.response.msToFinish": 1.5,
        }
        assert tree(call(sent).end.output) == {
            "ai.response": {"text": "hi", "toolCalls": [{"id": 1}], "msToFinish": 1.5}
        }

    def test_indexed_keys_become_a_list(self):
        sent = {f"gen_ai.prompt.{n}.{k}": f"{k}{n}" for n in range(11) for k in ("role", "content")}
        messages = tree(call(sent).start.inputs)["gen_ai.prompt"]
        assert messages == [{"role": f"role{n}", "content": f"content{n}"} for n in range(11)]

    def test_a_text_beside_its_own_subtree_is_kept(self):
        sent = {"gen_ai.prompt": "text", "gen_ai.prompt.0.role": "user"}
        assert tree(call(sent).start.inputs) == {"gen_ai.prompt": {"_value": "text", "0": {"role": "user"}}}

    @pytest.mark.parametrize("key", ["input", "inputs"])
    def test_an_object_sent_as_inputs_stands_alone(self, key):
        assert tree(call({key: '{"a": 1}'}).start.inputs) == {"a": 1}
        assert tree(call({key: {"a": 1}}).start.inputs) == {"a": 1}
        assert tree(call({key: "[1]"}).start.inputs) == {key: [1]}

    @pytest.mark.parametrize("key", ["output", "outputs"])
    @pytest.mark.parametrize("value", ['{"b": 2}', "text", 5])
    def test_whatever_is_sent_as_output_stands_alone(self, key, value):
        assert tree(call({key: value}).end.output) == ({"b": 2} if value == '{"b": 2}' else value)

    @pytest.mark.parametrize("value", [0, False, "", [], "[]", 0.0])
    def test_empty_values_are_values(self, value):
        expected = [] if value == "[]" else value
        assert tree(call({"output.value": value}).end.output) == {"output.value": expected}
        assert tree(call({"input.value": value}).start.inputs) == {"input.value": expected}

    def test_an_unset_value_is_absent(self):
        assert tree(call({"gen_ai.prompt": None, "inputs": "x"}).start.inputs) == {"inputs": "x"}

    def test_an_unset_value_alone_is_nothing(self):
        assert call({"gen_ai.prompt": None, "gen_ai.completion": None}).start.inputs == b"{}"

    def test_a_source_may_be_inside_json_text_of_a_shorter_key(self):
        both = call({"input": '{"value": "hi"}', "gen_ai": {"request": {"model": "m"}}})
        assert tree(both.start.inputs) == {"input.value": "hi"}
        assert tree(both.start.attributes)["model"] == "m"

    def test_text_inside_json_text_stays_text(self):
        assert tree(call({"input": '{"value": "[1]"}'}).start.inputs) == {"input.value": "[1]"}

    def test_nothing_sent_is_empty(self):
        both = call({"custom": 1})
        assert (both.start.inputs, both.end.output) == (b"{}", b"{}")


class TestAttributes:
    @pytest.mark.parametrize(
        ("field", "keys"),
        [
            ("system", ("gen_ai.system", "llm.system")),
            ("system_instructions", ("gen_ai.system_instructions",)),
            ("kind", ("weave.span.kind", "traceloop.span.kind", "openinference.span.kind")),
            ("model", ("gen_ai.response.model", "gen_ai.request.model", "llm.model_name", "ai.model.id")),
            ("provider", ("gen_ai.provider.name", "llm.provider", "ai.model.provider")),
            ("operation_name", ("gen_ai.operation.name",)),
            ("response_id", ("gen_ai.response.id",)),
            ("finish_reasons", ("gen_ai.response.finish_reasons",)),
            ("agent_name", ("gen_ai.agent.name",)),
            ("agent_id", ("gen_ai.agent.id",)),
        ],
    )
    def test_the_first_source_wins(self, field, keys):
        for first in range(len(keys)):
            sent = {key: key for key in reversed(keys[first:])}
            assert tree(call(sent).start.attributes)[field] == keys[first]

    def test_an_empty_name_is_passed_over(self):
        sent = {"gen_ai.response.model": "", "gen_ai.request.model": "m"}
        assert tree(call(sent).start.attributes)["model"] == "m"

    def test_model_parameters_are_the_request(self):
        block = tree(call({"gen_ai.request.model": "m", "gen_ai.request.temperature": 0.5}).start.attributes)
        assert block == {"model": "m", "model_parameters": {"model": "m", "temperature": 0.5}}

    def test_model_parameters_may_be_json_text(self):
        block = tree(call({"llm.invocation_parameters": '{"seed": 7}'}).start.attributes)
        assert block == {"model_parameters": {"seed": 7}}

    @pytest.mark.parametrize(
        "custom",
        [
            {"wandb.attributes": '{"team": "core", "tier": 2}'},
            {"wandb.attributes": {"team": "core", "tier": 2}},
            {"wandb.attributes.team": "core", "wandb.attributes.tier": 2},
        ],
        ids=["JSON text", "kvlist", "dotted"],
    )
    def test_wandb_attributes_are_merged_at_the_root(self, custom):
        block = tree(call(custom | {"gen_ai.system": "openai"}).start.attributes)
        assert block == {"system": "openai", "provider": "openai", "team": "core", "tier": 2}

    @pytest.mark.parametrize("value", ["text", [1, 2], 5])
    def test_wandb_attributes_that_are_no_object_are_kept_apart(self, value):
        block = tree(call({"wandb.attributes": value, "gen_ai.system": "openai"}).start.attributes)
        assert block == {"system": "openai", "provider": "openai", "wandb_attributes": value}

    def test_a_span_of_which_nothing_is_known_keeps_all_attributes(self):
        sent = {"http.method": "GET", "rows.0.name": "n0", "tags": ["a"]}
        assert tree(call(sent).start.attributes) == {
            "http": {"method": "GET"},
            "rows": {"0": {"name": "n0"}},
            "tags": ["a"],
        }

    def test_one_known_attribute_is_enough_to_map(self):
        assert tree(call({"http.method": "GET", "llm.token_count.prompt": 3}).start.attributes) == {}

    def test_too_deep_values_are_marked(self):
        value = "leaf"
        for _ in range(30):
            value = [value]
        assert b"<nested deeper than 24>" in call({"a": value}).start.attributes


def test_nul_leaves_the_columns_and_stays_in_the_trees():
    made = call({"gen_ai.conversation.id": "t\0", "input.value": "a\0b"}, name="n\0ame")
    assert (made.start.op_name, made.start.thread_id) == ("name", "t")
    assert tree(made.start.inputs) == {"input.value": "a\0b"}
