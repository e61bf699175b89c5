"""What every store promises of what lies beside calls (store/annex/base.py)."""

from __future__ import annotations

import pytest

from otel_bridge.errors import InvalidRequest, NotFound
from otel_bridge.model import annex
from otel_bridge.model import questions as q
from otel_bridge.model.call import DeletedCalls
from otel_bridge.store.base import Applied
from tests.contract.store.annex_records import (
    a_file,
    a_price,
    a_remark,
    a_table,
    an_object,
    ask,
    feedback_ids,
    remarks,
)
from tests.contract.store.records import PROJECT, T0, a_call, a_deletion, a_span, a_start, an_end, call_id

HOUR = 3600 * 1_000_000


def test_feedback_that_comes_again_keeps_its_place_and_takes_the_new_content(store):
    store.write(remarks(a_remark("a"), a_remark("b")), received_at=T0)
    applied = store.write(remarks(a_remark("a", payload={"new": 1})), received_at=T0 + HOUR)

    first, second = ask(store, q.AskFeedback(project_id=PROJECT))["result"]
    assert applied == Applied(merged=1)
    assert (first["id"], first["payload"], first["created_at"]) == ("a", {"new": 1}, second["created_at"])


def test_a_request_that_is_sent_again_changes_nothing(store):
    changes = (remarks(a_remark("a"), a_remark("b", None)), an_object(), a_file(), a_table(b"1", b"2"))
    for change in changes:
        store.write(change)
    before = [ask(store, question) for question in QUESTIONS]
    for change in changes:
        store.write(change, received_at=T0 + HOUR)

    assert [ask(store, question) for question in QUESTIONS] == before


QUESTIONS = (
    q.AskFeedback(project_id=PROJECT),
    q.AskPrices(project_id=PROJECT),
    q.AskObjects(project_id=PROJECT),
    q.AskTable(project_id=PROJECT, digest="t"),
    q.AskSizes(project_id=PROJECT),
    q.AskProjects(),
)


def test_what_was_committed_is_there_after_the_store_was_opened_again(store):
    if store.kind == "memory":
        pytest.skip("nothing in memory is opened again")
    prices = annex.KeepPrices(prices=(a_price(),))
    for change in (remarks(a_remark("a")), an_object(), a_file(b"\0\xff"), a_table(b"1", b"2"), prices):
        store.write(change)
    before = [ask(store, question) for question in QUESTIONS]
    store.close()
    store.open()

    assert [ask(store, question) for question in QUESTIONS] == before
    assert store.reader.answer(q.AskFile(project_id=PROJECT, digest="f")) == b"\0\xff"


def test_what_was_rolled_back_was_never_there(store):
    store.writer.begin()
    store.writer.apply((remarks(a_remark("a")),), received_at=T0)
    store.writer.rollback()

    assert feedback_ids(store) == []


@pytest.mark.parametrize(
    "refused",
    [
        annex.DeleteObject(project_id=PROJECT, object_id="nobody"),
        annex.LinkTable(project_id=PROJECT, digest="x", row_digests=("nobody",)),
        annex.UpdateTable(project_id=PROJECT, base_digest="nobody", updates=()),
        annex.UpdateTable(
            project_id=PROJECT, base_digest="t", updates=(annex.Append(annex.Row("r", b"1")), annex.Pop(9))
        ),
    ],
    ids=lambda change: type(change).__name__,
)
def test_a_request_that_is_refused_leaves_the_transaction_of_the_others_whole(store, refused):
    store.write(a_table(b"1"))
    store.writer.begin()
    store.writer.apply((remarks(a_remark("a")),), received_at=T0)
    with pytest.raises((NotFound, InvalidRequest)):
        store.writer.apply((refused,), received_at=T0)
    store.writer.apply((remarks(a_remark("b")),), received_at=T0)
    store.writer.commit()

    assert feedback_ids(store) == ["a", "b"]
    assert ask(store, q.AskSizes(project_id=PROJECT))["tables_storage_size_bytes"] == 1


def test_projects_with_calls_are_listed_by_name_up_to_a_limit(store):
    store.write(an_object())
    assert ask(store, q.AskProjects()) == []

    store.write(a_call(1))
    assert ask(store, q.AskProjects()) == [PROJECT]
    assert ask(store, q.AskProjects(limit=0)) == []

    store.write(a_deletion(1))
    assert ask(store, q.AskProjects()) == []


def test_ids_of_no_call_that_can_be_seen_are_named_in_their_order_and_each_once(store):
    uuid, loud = "0198a0b2-7f00-7c3e-9d3b-2f1d5a6b7c8d", "0198A0B2-7F00-7C3E-9D3B-2F1D5A6B7C8D"
    store.write(a_call(1), a_call(2), a_call(0xAB), a_call(uuid), an_end(4))
    store.write(a_deletion(2))
    kept = (call_id(1), call_id(0xAB), uuid)
    unknown = ("nobody", call_id(4), call_id(2), call_id(0xAB).upper(), loud, "")

    asked = (unknown[0], *kept, *unknown, *kept)
    assert ask(store, q.AskUnknownCalls(project_id=PROJECT, call_ids=asked)) == [*unknown]
    assert ask(store, q.AskUnknownCalls(project_id="no/body", call_ids=kept)) == [*kept]


class TestFeedbackOnCalls:
    def test_it_goes_with_a_deleted_call_and_all_below_it(self, store):
        store.write(a_call(1), a_call(2, parent_id=call_id(1)), a_call(3))
        store.write(remarks(a_remark("1", 1), a_remark("2", 2), a_remark("3", 3), a_remark("object", None)))

        store.write(a_deletion(1))
        assert feedback_ids(store) == ["3", "object"]

    def test_it_goes_with_the_call_of_its_own_project_only(self, store):
        store.write(a_call(1))
        store.write(remarks(a_remark("a"), a_remark("b", project_id="acme/other")))
        foreign = a_remark("c", weave_ref=f"weave:///acme/other/call/{call_id(1)}")
        store.write(remarks(foreign))

        store.write(a_deletion(1))
        assert feedback_ids(store) == ["c"]
        assert feedback_ids(store, "acme/other") == ["b"]

    @pytest.mark.parametrize("name", ["00000000-0000-7000-8000-00000000000a", "0123456789abcdef"])
    def test_it_goes_whatever_the_id_of_the_call_looks_like(self, store, name):
        store.write(a_start(name), an_end(name))
        store.write(remarks(a_remark("a", weave_ref=f"weave:///{PROJECT}/call/{name}/attr/x")))

        store.write(DeletedCalls(project_id=PROJECT, ids=(name,)))
        assert feedback_ids(store) == []

    def test_it_stays_when_a_call_moves_in_time_or_another_span_takes_its_id(self, store):
        store.write(a_start(1))
        store.write(remarks(a_remark("a")))
        store.write(a_start(1, started_at=T0 + 5), a_span(1, started_at=T0 + 5))
        store.write(a_span(1, trace_id="f" * 32))

        assert feedback_ids(store) == ["a"]

    def test_it_expires_with_its_call(self, store):
        store.write(a_call(1), received_at=T0)
        store.write(a_call(2), received_at=T0 + 2 * HOUR)
        store.write(
            remarks(a_remark("1", 1), a_remark("2", 2), a_remark("o", None)), received_at=T0 + 2 * HOUR
        )
        store.limit_retention(seconds=3600)
        upkeep(store, T0 + 2 * HOUR + 1)

        assert store.numbers() == [2]
        assert feedback_ids(store) == ["2", "o"]

    def test_it_is_kept_no_longer_than_calls_are_even_without_a_call(self, store):
        store.write(remarks(a_remark("old", 1), a_remark("object", None)), received_at=T0)
        store.write(remarks(a_remark("new", 1)), received_at=T0 + 2 * HOUR)
        store.limit_retention(seconds=3600)
        upkeep(store, T0 + 2 * HOUR + 1)

        assert feedback_ids(store) == ["object", "new"]


def upkeep(store, now: int) -> None:
    while store.writer.maintain(now=now):
        pass


def test_objects_tables_files_and_prices_do_not_expire(store):
    for change in (an_object(), a_file(), a_table(b"1"), annex.KeepPrices(prices=(a_price(),))):
        store.write(change)
    before = [ask(store, question) for question in QUESTIONS]
    store.limit_retention(seconds=3600)
    upkeep(store, T0 + 999 * HOUR)

    assert [ask(store, question) for question in QUESTIONS] == before


def test_the_value_of_a_deleted_version_is_gone_and_its_number_is_not_used_again(store):
    store.write(an_object(b"1"))
    store.write(an_object(b"2"))
    store.write(annex.DeleteObject(project_id=PROJECT, object_id="thing", digests=("v1",)))
    store.write(an_object(b"3"))

    assert [one["version_index"] for one in ask(store, q.AskObjects(project_id=PROJECT))["objs"]] == [0, 2]
    assert ask(store, q.AskSizes(project_id=PROJECT))["objects_storage_size_bytes"] == 2


def test_a_price_that_is_purged_is_gone(store):
    store.write(annex.KeepPrices(prices=(a_price("a"), a_price("b"))))
    assert store.write(annex.PurgePrices(project_id=PROJECT, ids=("a", "x"))) == Applied(merged=1)
    assert store.write(annex.PurgePrices(project_id="no/body", ids=("b",))) == Applied(unchanged=1)

    assert [one["id"] for one in ask(store, q.AskPrices(project_id=PROJECT))["results"]] == ["b"]


def test_feedback_that_is_replaced_is_gone_even_by_feedback_of_its_own_id(store):
    store.write(remarks(a_remark("a"), a_remark("b")))
    store.write(remarks(a_remark("c"), replaces="a"))
    store.write(remarks(a_remark("b", payload={"new": 1}), replaces="b"))

    rows = ask(store, q.AskFeedback(project_id=PROJECT))["result"]
    assert [(row["id"], row["payload"]) for row in rows] == [("c", {"n": 1}), ("b", {"new": 1})]


def test_a_file_is_kept_once_in_each_project(store):
    assert store.write(a_file()) == Applied(created=1)
    assert store.write(a_file()) == Applied(unchanged=1)
    other = annex.KeepFile(project_id="acme/other", digest="f", content=b"y")
    assert store.write(other) == Applied(created=1)

    assert store.reader.answer(q.AskFile(project_id=PROJECT, digest="f")) == b"x"
    assert store.reader.answer(q.AskFile(project_id="acme/other", digest="f")) == b"y"
