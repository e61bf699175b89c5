"""Log records of a span: whichever comes first, one call says what both say."""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import replace
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from otel_bridge.model.call import CompletedCall, DeletedCalls
from otel_bridge.store import derive
from otel_bridge.store.base import Applied
from otel_bridge.store.merge import derived_id
from tests.contract.store.records import (
    PROJECT,
    T0,
    Store,
    a_deletion,
    a_name,
    a_start,
    an_end,
    call_id,
    trace_id,
)
from tests.contract.store.spans import a_record, a_sent_span, logs_data, some_logs, translation

DAY = 86_400


@pytest.fixture(params=["sqlite", "memory"])
def store(request, tmp_path):
    opened = Store(request.param, tmp_path / "calls.db", translate=translation())
    yield opened
    opened.close()


def shown(store, number=1):
    call = store.the_call(number)
    return call["inputs"]["logs"], call["output"]["last"], [log["body"] for log in spans_logs(call)]


def spans_logs(call):
    return call["attributes"]["otel_span"].get("logs", [])


@pytest.fixture(autouse=True)
def plain_rendering(monkeypatch):
    """The records of these spans are no text: show nothing of them but the logs."""
    monkeypatch.setattr("tests.contract.store.records.render", lambda record: b'{"record":1}')


def test_a_span_without_logs_has_no_such_member(store):
    store.write(a_sent_span())
    assert store.the_call()["attributes"]["otel_span"] == {"record": 1}


def test_logs_that_come_after_their_span_change_its_call(store):
    store.write(a_sent_span())
    assert store.write(some_logs(1, "a", "b")) == Applied(merged=1)
    assert shown(store) == (["a", "b"], "b", ["a", "b"])


def test_they_are_shown_to_a_reader_that_knows_the_call_without_them(store):
    store.write(a_sent_span())
    seen = [shown(store)[2]]
    for body in ("a", "b"):
        store.write(some_logs(1, body))
        seen.append(shown(store)[2])
    assert seen == [[], ["a"], ["a", "b"]]


def test_logs_that_come_first_wait_unseen_and_are_there_when_their_span_comes(store):
    assert store.write(some_logs(1, "a")) == Applied(created=1)
    assert store.write(some_logs(1, "b")) == Applied(merged=1)
    assert store.calls() == []
    assert store.write(a_sent_span()) == Applied(created=1)
    assert shown(store) == (["a", "b"], "b", ["a", "b"])


def test_logs_and_span_may_come_in_one_request(store):
    store.write(some_logs(1, "a"), a_sent_span(), some_logs(1, "b"), a_sent_span(2))
    assert shown(store) == (["a", "b"], "b", ["a", "b"])
    assert shown(store, 2) == ([], None, [])


def test_the_same_records_again_change_nothing_in_whatever_batches(store):
    store.write(a_sent_span(), some_logs(1, "a", "b"))
    before = store.text()
    assert store.write(some_logs(1, "b"), some_logs(1, "a"), some_logs(1, "a", "b")) == Applied(unchanged=3)
    assert store.write(a_sent_span()) == Applied(unchanged=1)
    assert store.text() == before


def test_the_same_records_again_are_nothing_new_while_they_wait(store):
    store.write(some_logs(1, "a", "b"))
    assert store.write(some_logs(1, "b")) == Applied(unchanged=1)


def test_equal_records_of_two_scopes_are_two(store):
    store.write(a_sent_span(), some_logs(1, "a"))
    same = logs_data(a_record("a", ord("a")), scope="another")
    assert store.write(replace(some_logs(1, "a"), logs=same)) == Applied(merged=1)
    assert shown(store)[0] == ["a", "a"]


def test_records_that_overtook_each_other_are_in_the_order_of_their_times(store):
    store.write(some_logs(1, "b"), a_sent_span(), some_logs(1, "c"), some_logs(1, "a"))
    assert shown(store)[0] == ["a", "b", "c"]


def test_a_record_shows_all_it_says(store):
    record = a_record("hello", 5, observed_time_unix_nano=7, event_name="gen_ai.choice", severity_number=9,
                      severity_text="INFO", flags=1, dropped_attributes_count=2)  # fmt: skip
    record.attributes.add(key="gen_ai.system").value.string_value = "openai"
    store.write(a_sent_span(), some_logs(1, record))
    assert spans_logs(store.the_call()) == [
        {
            "time_unix_nano": str(T0 * 1000 + 5),
            "observed_time_unix_nano": "7",
            "event_name": "gen_ai.choice",
            "severity_number": 9,
            "severity_text": "INFO",
            "body": "hello",
            "attributes": {"gen_ai": {"system": "openai"}},
            "flags": 1,
            "dropped_attributes_count": 2,
        }
    ]


def test_an_open_span_takes_its_logs_and_so_does_its_end(store):
    store.write(some_logs(1, "a"), a_sent_span(open_=True))
    assert store.the_call()["inputs"]["logs"] == ["a"]
    store.write(a_sent_span(), some_logs(1, "b"))
    assert shown(store) == (["a", "b"], "b", ["a", "b"])


def test_spans_of_one_id_are_told_apart_by_their_traces(store):
    second = a_sent_span(trace=2)
    store.write(some_logs(1, "b", trace=2), a_sent_span(), second)
    store.write(some_logs(1, "a"), some_logs(1, "c", trace=2), some_logs(1, "d", trace=3))
    texts = {call["id"]: call["inputs"]["logs"] for call in store.calls()}
    assert texts == {call_id(1): ["a"], derived_id(second.start): ["b", "c"]}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_spans_that_share_trace_and_id_share_their_logs(store, order):
    records = [a_sent_span(), a_sent_span(start_ns=T0 * 1000 + 1), some_logs(1, "a")]
    for place in order:
        store.write(records[place])
    assert [call["inputs"]["logs"] for call in store.calls()] == [["a"], ["a"]]


def test_projects_keep_logs_apart(store):
    store.write(some_logs(1, "a", project_id="acme/other"), a_sent_span())
    assert shown(store) == ([], None, [])


def test_logs_do_not_belong_to_a_call_without_a_span_until_it_has_one(store):
    store.write(a_start(trace_id=trace_id(1)), some_logs(1, "a"))
    assert "otel_span" not in store.the_call()["attributes"]
    store.write(a_sent_span())
    assert shown(store)[0] == ["a"]


class TestWhatStands:
    @pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
    def test_a_name_that_a_person_gave_stands(self, store, order):
        records = [a_sent_span(display="the span's"), a_name("mine"), some_logs(1, "a")]
        for place in order:
            store.write(records[place])
        assert (store.the_call()["display_name"], shown(store)[0]) == ("mine", ["a"])

    def test_an_end_written_after_the_span_stands_field_by_field(self, store):
        store.write(a_sent_span(), an_end(output=b'"by hand"', exception="by hand", summary=b'{"own":1}'))
        store.write(some_logs(1, "failed a"))
        call = store.the_call()
        assert (call["output"], call["exception"], call["summary"]["own"]) == ("by hand", "by hand", 1)
        assert call["inputs"]["logs"] == ["failed a"]

    @pytest.mark.parametrize("first", [True, False])
    def test_an_end_written_before_the_span_fills_what_the_span_leaves_open(self, store, first):
        records = [some_logs(1, "a")] if first else []
        records += [an_end(output=b'"by hand"', exception="by hand"), a_sent_span()]
        records += [] if first else [some_logs(1, "a")]
        store.write(*records)
        call = store.the_call()
        assert (call["output"], call["exception"]) == ({"last": "a"}, "by hand")

    def test_what_a_plain_start_filled_stands(self, store):
        store.write(a_start(wb_user_id="ann"), a_sent_span(), some_logs(1, "a"))
        assert (store.the_call()["wb_user_id"], shown(store)[0]) == ("ann", ["a"])

    def test_the_run_of_the_request_s_header_stands(self, store):
        span = a_sent_span()
        store.write(CompletedCall(replace(span.start, wb_run_id="ent/proj/run"), span.end), some_logs(1, "a"))
        assert store.the_call()["wb_run_id"] == "ent/proj/run"

    def test_a_field_that_logs_gave_and_others_do_not_is_the_span_s(self, store):
        store.write(a_sent_span(), some_logs(1, "failed a"))
        assert store.the_call()["exception"] == "failed a"
        assert store.the_call()["summary"]["weave"]["status"] == "error"

    def test_a_span_that_cannot_be_translated_keeps_its_call_and_its_logs(self, store):
        def broken(span):
            raise ZeroDivisionError

        store.write(a_sent_span())
        store.translate_with(broken, version=1)
        assert store.write(some_logs(1, "a")) == Applied(merged=1)
        assert shown(store) == ([], None, ["a"])
        store.translate_with(translation(), version=1)
        store.write(some_logs(1, "b"))
        assert shown(store) == (["a", "b"], "b", ["a", "b"])


class TestDeletion:
    @pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
    def test_a_deleted_call_takes_its_logs_along_and_later_ones_are_dropped(self, store, order):
        records = [a_sent_span(), a_deletion(1), some_logs(1, "a")]
        for place in order:
            store.write(records[place])
        assert store.calls() == []
        assert store.write(some_logs(1, "b")) == Applied(unchanged=1)
        assert waiting(store) == 0

    def test_logs_of_another_span_under_a_deleted_id_are_kept(self, store):
        store.write(a_sent_span(), a_deletion(1), some_logs(1, "b", trace=2))
        store.write(a_sent_span(trace=2))
        assert [call["inputs"]["logs"] for call in store.calls()] == [["b"]]

    def test_the_logs_of_descendants_go_too(self, store):
        store.write(a_sent_span(1), a_sent_span(2, parent=1), some_logs(2, "a"))
        store.write(DeletedCalls(project_id=PROJECT, ids=(call_id(1),)))
        assert store.write(some_logs(2, "b")) == Applied(unchanged=1)


def waiting(store) -> int:
    if store.kind == "memory":
        return len(store.writer._kept.waiting)
    return store.writer._connection.execute("SELECT count(*) FROM waiting_logs").get


class TestLimits:
    def test_what_one_span_has_is_bounded_and_the_rest_is_counted(self, store, monkeypatch):
        monkeypatch.setattr(derive, "MAX_LOGS_BYTES", 3 * len(logs_data(a_record("x" * 100 + "a"))))
        bodies = ["x" * 100 + letter for letter in "abcde"]
        store.write(a_sent_span())
        assert store.write(some_logs(1, *bodies)) == Applied(merged=1, cut=2)
        assert store.write(some_logs(1, *bodies)) == Applied(unchanged=1, cut=2)
        assert shown(store)[0] == bodies[:3]

    def test_logs_go_with_their_call(self, store):
        store.write(a_sent_span(), some_logs(1, "a"), received_at=T0)
        store.limit_retention(seconds=DAY)
        store.writer.maintain(now=T0 + 2 * DAY * 1_000_000)
        store.write(a_sent_span(), received_at=T0 + 2 * DAY * 1_000_000)
        assert shown(store) == ([], None, [])

    def test_logs_that_wait_as_long_as_a_call_is_kept_go(self, store):
        store.write(some_logs(1, "a"), received_at=T0)
        store.write(some_logs(2, "b"), received_at=T0 + DAY * 1_000_000)
        store.limit_retention(seconds=DAY)
        store.writer.maintain(now=T0 + DAY * 1_000_000 + 5)
        assert waiting(store) == 1
        store.write(a_sent_span(), a_sent_span(2), received_at=T0 + DAY * 1_000_000)
        assert (shown(store)[0], shown(store, 2)[0]) == ([], ["b"])


class TestTransactions:
    def test_a_rollback_forgets_logs_too(self, store):
        store.writer.begin()
        store.writer.apply([some_logs(1, "a")], received_at=T0)
        store.writer.rollback()
        store.write(a_sent_span())
        assert shown(store) == ([], None, [])

    def test_requests_of_one_transaction_see_each_other_s_logs(self, store):
        store.writer.begin()
        store.writer.apply([some_logs(1, "a")], received_at=T0)
        store.writer.apply([a_sent_span()], received_at=T0)
        store.writer.apply([some_logs(1, "b")], received_at=T0)
        store.writer.commit()
        assert shown(store) == (["a", "b"], "b", ["a", "b"])


def test_logs_lie_as_one_message_with_their_resources_and_scopes(tmp_path):
    store = Store("sqlite", tmp_path / "calls.db", translate=translation())
    store.write(a_sent_span(), some_logs(1, "a"), some_logs(1, "b"))
    frame = store.writer._connection.execute("SELECT logs FROM results").get
    data = LogsData.FromString(store.writer._book.codec.unpack(frame))
    assert [r.resource.attributes[0].value.string_value for r in data.resource_logs] == ["shop", "shop"]
    assert [r.scope_logs[0].scope.name for r in data.resource_logs] == ["tests", "tests"]
    store.close()
