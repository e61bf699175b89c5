"""The exact line of a call, and its derived members (`contract/weave-api.md` §2.5-§2.7)."""

from __future__ import annotations

import orjson
import pytest

from otel_bridge.model.call import CompletedCall
from otel_bridge.model.query import COLUMNS
from tests.contract.store.records import (
    PROJECT,
    T0,
    a_call,
    a_name,
    a_span,
    a_start,
    an_end,
    call_id,
    trace_id,
)

EMPTY_LINE = (
    b'{"id":"0000000000000001","project_id":"acme/shop","op_name":"chat","display_name":null,'
    b'"trace_id":"00000000000000000000000000000001","parent_id":null,"thread_id":null,"turn_id":null,'
    b'"started_at":"2026-01-02T03:04:05.006000Z","attributes":{},"inputs":{"q":1},"ended_at":null,'
    b'"exception":null,"output":null,"summary":{"weave":{"status":"running","trace_name":"chat"}},'
    b'"wb_user_id":null,"wb_run_id":null,"wb_run_step":null,"wb_run_step_end":null,"deleted_at":null,'
    b'"expire_at":null,"storage_size_bytes":null,"total_storage_size_bytes":null}\n'
)


def test_a_line_is_compact_has_every_member_in_order_and_says_null(store):
    store.write(a_start())
    assert store.text() == EMPTY_LINE


def test_every_member_comes_back_as_it_was_written(store):
    start = a_start(
        parent_id=call_id(9), display_name="Näme\n", thread_id="t", turn_id="u", wb_user_id="w",
        wb_run_id="r", wb_run_step=3, op_name='a "quoted" \x00 op', attributes=b'{"a":{"b":[1,2.5,null]}}',
    )  # fmt: skip
    store.write(CompletedCall(start, an_end(exception="bad", wb_run_step_end=4, output=b"[1]")))
    (line,) = store.text().splitlines()
    call = orjson.loads(line)
    assert list(call) == list(COLUMNS)
    assert call["attributes"] == {"a": {"b": [1, 2.5, None]}}
    assert call["op_name"] == 'a "quoted" \x00 op'
    told = ("parent_id", "display_name", "thread_id", "turn_id", "wb_user_id", "wb_run_id", "wb_run_step")
    assert [call[name] for name in told] == [call_id(9), "Näme\n", "t", "u", "w", "r", 3]
    assert [call[name] for name in ("exception", "wb_run_step_end", "output")] == ["bad", 4, [1]]


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (T0, "2026-01-02T03:04:05.006000Z"),
        (T0 - 6000, "2026-01-02T03:04:05Z"),
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (1 << 62, "9999-12-31T23:59:59.999999Z"),
        (-(1 << 62), "0001-01-01T00:00:00Z"),
    ],
)
def test_times_have_six_digits_when_there_is_a_fraction_and_none_when_not(store, micros, text):
    store.write(a_start(started_at=micros))
    assert store.the_call()["started_at"] == text


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ({}, "success"),
        ({"exception": "boom"}, "error"),
        ({"exception": ""}, "success"),
        ({"summary": b'{"status_counts":{"error":1}}'}, "descendant_error"),
        ({"summary": b'{"status_counts":{"error":0,"success":1}}'}, "success"),
        ({"summary": b'{"status_counts":null}'}, "success"),
        ({"exception": "boom", "summary": b'{"status_counts":{"error":1}}'}, "error"),
    ],
)
def test_the_status_is_derived(store, end, status):
    store.write(a_start(), an_end(**end))
    assert store.the_call()["summary"]["weave"]["status"] == status


@pytest.mark.parametrize(("took", "latency"), [(1_500_999, 1500), (0, 0), (999, 0), (-1, -1), (-1000, -1)])
def test_the_latency_is_whole_milliseconds_rounded_down(store, took, latency):
    store.write(a_start(), an_end(ended_at=T0 + took))
    assert store.the_call()["summary"]["weave"]["latency_ms"] == latency


@pytest.mark.parametrize(
    ("op_name", "trace_name"),
    [
        ("plain", "plain"),
        ("weave:///acme/shop/op/my-op:digest", "my-op"),
        ("weave:///acme/shop/object/thing:digest", "weave:///acme/shop/object/thing:digest"),
        ("weave:///", "weave:///"),
    ],
)
def test_the_trace_name_is_the_name_of_the_op(store, op_name, trace_name):
    store.write(a_start(op_name=op_name))
    assert store.the_call()["summary"]["weave"]["trace_name"] == trace_name


def test_a_display_name_takes_the_place_of_the_trace_name(store):
    store.write(a_start(), a_name("mine"))
    assert store.the_call()["summary"]["weave"] == {"status": "running", "display_name": "mine"}


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (b'{"weave":{"status":"x","latency_ms":1,"trace_name":"x","display_name":"x"}}', {}),
        (b'{"weave":{"mine":1,"status":"x"}}', {"mine": 1}),
        (b'{"weave":{},"usage":{}}', {}),
        (b'{"weave":5}', {}),
        (b'{"weave":{"a":1},"later":true}', {"a": 1}),
    ],
)
def test_stored_values_of_derived_members_are_discarded_and_others_survive(store, stored, shown):
    store.write(a_start(), an_end(summary=stored))
    summary = store.the_call()["summary"]
    derived = {"status": "success", "latency_ms": 1500, "trace_name": "chat"}
    assert summary.pop("weave") == {**shown, **derived}
    assert summary == {name: value for name, value in orjson.loads(stored).items() if name != "weave"}
    assert store.write(an_end(summary=stored)).unchanged == 1


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [(b"{}", {}), (b'{"a":1}', {"a": 1}), (b'{"otel_span":"mine","a":1}', {"a": 1})],
)
def test_the_whole_span_appears_in_the_attributes(store, attributes, shown):
    store.write(a_span(attributes=attributes, span=b"record"))
    assert store.the_call()["attributes"] == {**shown, "otel_span": {"record": "record"}}
    assert store.text().count(b'"otel_span"') == 1


def test_an_otel_dump_appears_as_it_was_written(store):
    store.write(a_start(otel_dump=b'{"name":"x","n":1.50}'))
    assert b'"attributes":{"otel_span":{"name":"x","n":1.50}}' in store.text()


def test_attributes_without_a_span_may_have_an_otel_span_of_their_own(store):
    store.write(a_start(attributes=b'{"otel_span":"mine"}'))
    assert store.the_call()["attributes"] == {"otel_span": "mine"}


class TestColumns:
    @pytest.fixture
    def asked(self, store):
        summary = b'{"usage":{},"weave":{"own":1}}'
        store.write(a_span(display_name="n", parent_id=call_id(9)), an_end(summary=summary, exception="e"))

        def ask(*columns):
            (call,) = store.calls(columns=columns)
            return call

        return ask

    def test_unselected_trees_are_empty_objects_and_the_rest_is_null(self, asked):
        call = asked("output")
        assert list(call) == list(COLUMNS)
        assert (call["attributes"], call["inputs"], call["output"]) == ({}, {}, "hello")
        assert (call["ended_at"], call["exception"], call["parent_id"], call["display_name"]) == (None,) * 4

    def test_identity_op_and_start_are_always_there(self, asked):
        call = asked("output")
        always = ("id", "project_id", "trace_id", "op_name", "started_at")
        expected = [call_id(1), PROJECT, trace_id(1), "chat", "2026-01-02T03:04:05.006000Z"]
        assert [call[name] for name in always] == expected

    def test_a_path_selects_its_whole_column(self, asked):
        assert asked("inputs.q", "attributes.x.y")["inputs"] == {"q": 1}
        assert "otel_span" in asked("attributes.x.y")["attributes"]

    def test_the_summary_brings_what_it_is_derived_from(self, asked):
        call = asked("summary")
        told = (call["ended_at"], call["exception"], call["display_name"])
        assert told == ("2026-01-02T03:04:06.506000Z", "e", "n")
        assert call["summary"]["usage"] == {}

    def test_derived_members_come_from_the_whole_call_whatever_is_selected(self, asked):
        derived = {"status": "error", "latency_ms": 1500, "display_name": "n"}
        assert asked("inputs")["summary"] == {"weave": derived}
        assert asked("summary")["summary"]["weave"] == {"own": 1, **derived}

    def test_no_columns_are_all_columns(self, asked):
        assert asked()["output"] == "hello"


def test_an_empty_parent_id_is_no_parent(store):
    store.write(a_call(parent_id=""))
    assert store.the_call()["parent_id"] is None
