"""Filters, order, parts, limits: which calls a query finds (`contract/weave-api.md` §2.2, §2.4)."""

from __future__ import annotations

import pytest

from otel_bridge.model.call import CompletedCall
from otel_bridge.model.query import CallsFilter, CallsQuery, SortBy
from otel_bridge.query.fields import UnknownField
from tests.contract.store.records import (
    PROJECT,
    T0,
    a_call,
    a_deletion,
    a_start,
    an_end,
    call_id,
    trace_id,
)

REF = "weave:///acme/shop/object/data:abc"
OP = "weave:///acme/shop/op/chat:v1"

CALLS = (
    a_call(1, op_name=OP, thread_id="t1", turn_id=call_id(1), started_at=T0 + 3),
    a_call(2, op_name="weave:///acme/shop/op/chat:v2", parent_id=call_id(1), started_at=T0 + 2),
    a_call(3, op_name="weave:///acme/shop/op/chat_x:v1", parent_id=call_id(1), wb_user_id="ann"),
    a_call(4, trace_id=trace_id(2), wb_run_id="acme/shop/run1", started_at=T0 + 1),
    a_call(5, trace_id=trace_id(2), wb_run_id="run2", thread_id="t2", started_at=T0 + 9),
    a_call(6, inputs=b'{"deep":[{"a":"' + REF.encode() + b'"}],"text":"see weave:///acme/shop/object/no:1"}'),
    CompletedCall(a_start(7), an_end(7, output=b'"weave:///acme/shop/object/data:xyz"')),
)

FILTERS = [
    ({}, [1, 2, 3, 4, 5, 6, 7]),
    ({"op_names": ("chat",)}, [4, 5, 6, 7]),
    ({"op_names": (OP,)}, [1]),
    ({"op_names": ("weave:///acme/shop/op/chat:*",)}, [1, 2]),
    ({"op_names": ("weave:///acme/shop/op/chat_x:*", OP)}, [1, 3]),
    ({"op_names": ("cha", "%", "chat:*")}, []),
    ({"op_names": ()}, [1, 2, 3, 4, 5, 6, 7]),
    ({"call_ids": (call_id(2), call_id(7), "unknown")}, [2, 7]),
    ({"call_ids": (call_id(2),)}, [2]),
    ({"call_ids": (call_id(2).upper(),)}, [2]),  # digits only: upper case changes nothing
    ({"trace_ids": (trace_id(2),)}, [4, 5]),
    ({"trace_ids": (trace_id(2), trace_id(1))}, [1, 2, 3, 4, 5, 6, 7]),
    ({"parent_ids": (call_id(1),)}, [2, 3]),
    ({"parent_ids": (call_id(1), call_id(2))}, [2, 3]),
    ({"trace_roots_only": True}, [1, 4, 5, 6, 7]),
    ({"trace_roots_only": False}, [1, 2, 3, 4, 5, 6, 7]),
    ({"wb_user_ids": ("ann",)}, [3]),
    ({"wb_run_ids": ("run1",)}, [4]),
    ({"wb_run_ids": ("acme/shop/run1", "run2")}, [4, 5]),
    ({"wb_run_ids": ("acme/shop/run2",)}, [5]),
    ({"wb_run_ids": ("other/shop/run1",)}, []),
    ({"thread_ids": ("t1", "t2")}, [1, 5]),
    ({"thread_ids": ()}, []),
    ({"turn_ids": (call_id(1),)}, [1]),
    ({"turn_ids": ()}, []),
    ({"input_refs": (REF,)}, [6]),
    ({"input_refs": ("weave:///acme/shop/object/data:*",)}, [6]),
    ({"input_refs": ("weave:///acme/shop/object/no:1",)}, []),  # not the whole string
    ({"output_refs": ("weave:///acme/shop/object/data:*",)}, [7]),
    ({"output_refs": (REF,)}, []),
    ({"parent_ids": (call_id(1),), "wb_user_ids": ("ann", "bob")}, [3]),
]


@pytest.fixture
def filled(store):
    store.write(*CALLS)
    return store


@pytest.mark.parametrize(("members", "expected"), FILTERS, ids=[str(f[0])[:60] for f in FILTERS])
def test_a_filter_finds_and_counts_its_calls(filled, members, expected):
    asked = CallsFilter(**members)
    assert sorted(filled.numbers(filter=asked)) == expected
    assert filled.count(filter=asked) == len(expected)


def test_calls_of_other_projects_are_never_found(filled):
    filled.write(a_call(8, project_id="acme/other"))
    assert filled.count() == len(CALLS)
    assert filled.ids(project_id="acme/other") == [call_id(8)]
    assert filled.reader.lines(CallsQuery(project_id=PROJECT), [1, 2, 8]).count(b"\n") == 2


def test_an_unknown_project_has_no_calls(filled):
    assert filled.calls(project_id="no/body") == []
    assert filled.count(project_id="no/body") == 0
    assert filled.reader.lines(CallsQuery(project_id="no/body"), [1]) == b""


def test_a_ref_that_an_end_brings_is_found_and_one_that_goes_is_not(store):
    store.write(a_start(inputs=b'{"r":"weave:///a/b/object/x:1"}'))
    store.write(an_end(output=b'["weave:///a/b/object/y:1"]'))
    store.write(a_start(inputs=b'{"r":"weave:///a/b/object/z:1"}'))
    assert store.numbers(filter=CallsFilter(output_refs=("weave:///a/b/object/y:1",))) == [1]
    assert store.numbers(filter=CallsFilter(input_refs=("weave:///a/b/object/z:1",))) == [1]
    assert store.numbers(filter=CallsFilter(input_refs=("weave:///a/b/object/x:1",))) == []


def sort(*keys: str) -> tuple[SortBy, ...]:
    return tuple(SortBy(key.removeprefix("-"), "desc" if key.startswith("-") else "asc") for key in keys)


SORTS = [
    (None, [3, 6, 7, 4, 2, 1, 5]),
    ((), [3, 6, 7, 4, 2, 1, 5]),
    (sort("-started_at"), [5, 1, 2, 4, 7, 6, 3]),
    (sort("started_at"), [3, 6, 7, 4, 2, 1, 5]),
    (sort("started_at", "-id"), [7, 6, 3, 4, 2, 1, 5]),
    (sort("id"), [1, 2, 3, 4, 5, 6, 7]),
    (sort("-id"), [7, 6, 5, 4, 3, 2, 1]),
    (sort("thread_id"), [1, 5, 7, 6, 4, 3, 2]),
    (sort("-thread_id"), [5, 1, 7, 6, 4, 3, 2]),
    (sort("wb_user_id", "started_at"), [3, 6, 7, 4, 2, 1, 5]),
    (sort("op_name", "-started_at"), [5, 4, 7, 6, 1, 2, 3]),
    (sort("trace_id", "id"), [1, 2, 3, 6, 7, 4, 5]),
    (sort("-exception"), [7, 6, 5, 4, 3, 2, 1]),
    (sort("deleted_at", "started_at"), [3, 6, 7, 4, 2, 1, 5]),
    (sort("project_id"), [7, 6, 5, 4, 3, 2, 1]),
]


@pytest.mark.parametrize(("keys", "expected"), SORTS, ids=[str(n) for n, _ in enumerate(SORTS)])
def test_calls_come_in_the_order_asked_for_nulls_last(filled, keys, expected):
    assert filled.numbers(sort_by=keys) == expected


def test_exceptions_sort_as_text_nulls_last_both_ways(store):
    for number, text in ((1, None), (2, "b"), (3, "a")):
        store.write(CompletedCall(a_start(number), an_end(number, exception=text)))
    assert store.numbers(sort_by=sort("exception")) == [3, 2, 1]
    assert store.numbers(sort_by=sort("-exception")) == [2, 3, 1]


def test_ids_of_all_shapes_have_one_order(store):
    names = ["00000000000000aa", "0190f5a0-0000-7000-8000-000000000001", "zz", "00000000000000AB"]
    store.write(*(a_call(name) for name in names))
    assert store.ids() == [names[3], names[1], names[2], names[0]]
    assert store.ids(sort_by=sort("-id")) == [names[0], names[2], names[1], names[3]]


@pytest.mark.parametrize("field", ["nope", "summary.weave.cost", "id; DROP TABLE calls"])
def test_a_name_that_is_no_field_is_refused(filled, field):
    with pytest.raises(UnknownField, match="is not allowed"):
        filled.reader.plan(CallsQuery(project_id=PROJECT, sort_by=sort(field)))


@pytest.mark.parametrize("keys", [None, sort("thread_id")], ids=["walk", "all at once"])
class TestLimits:
    def test_limit_and_offset_cut_one_order_into_pages(self, filled, keys):
        whole = filled.numbers(sort_by=keys)
        pages = [filled.numbers(sort_by=keys, limit=3, offset=at) for at in range(0, 9, 3)]
        assert pages == [whole[:3], whole[3:6], whole[6:]]

    def test_limit_zero_is_nothing(self, filled, keys):
        assert filled.numbers(sort_by=keys, limit=0) == []

    def test_an_offset_without_a_limit_skips(self, filled, keys):
        assert filled.numbers(sort_by=keys, offset=5) == filled.numbers(sort_by=keys)[5:]

    def test_a_limit_caps_the_count(self, filled, keys):
        assert filled.count(sort_by=keys, limit=2) == 2
        assert filled.count(sort_by=keys, limit=99) == 7


class TestParts:
    MANY = 1203

    @pytest.fixture
    def long(self, store):
        store.write(*(a_call(number, started_at=T0 + number // 7) for number in range(self.MANY)))
        return store

    @pytest.mark.parametrize("keys", [None, sort("-started_at")])
    def test_the_parts_of_a_plan_are_the_whole_order(self, long, keys):
        expected = list(range(self.MANY))
        assert long.numbers(sort_by=keys) == (expected if keys is None else expected[::-1])

    @pytest.mark.parametrize("limit", [1, 499, 500, 501, 1000, 1203, 5000])
    def test_a_limit_ends_the_parts(self, long, limit):
        assert long.numbers(limit=limit, offset=2) == list(range(2, min(limit + 2, self.MANY)))

    def test_calls_that_arrive_meanwhile_are_not_in_later_parts(self, long):
        query = CallsQuery(project_id=PROJECT)
        plan = long.reader.plan(query)
        long.write(a_call(5000, started_at=T0 + 10_000))
        seqs = list(plan.seqs)
        while plan.after is not None:
            plan = long.reader.plan(query, after=plan.after)
            seqs += plan.seqs
        assert len(seqs) == len(set(seqs)) == self.MANY

    def test_calls_deleted_meanwhile_are_missing_from_the_lines(self, long):
        query = CallsQuery(project_id=PROJECT, limit=3)
        plan = long.reader.plan(query)
        long.write(a_deletion(1))
        assert long.reader.lines(query, plan.seqs).count(b"\n") == 2

    def test_the_number_of_a_deleted_call_is_never_given_again(self, long):
        query = CallsQuery(project_id=PROJECT, sort_by=sort("-started_at"), limit=1)
        plan = long.reader.plan(query)
        long.write(a_deletion(self.MANY - 1))
        long.write(a_call(7000))
        assert long.reader.lines(query, plan.seqs) == b""

    def test_a_call_whose_start_time_moves_does_not_come_twice(self, long):
        query = CallsQuery(project_id=PROJECT)
        plan = long.reader.plan(query)
        seqs = list(plan.seqs)
        long.write(a_start(0, started_at=T0 + 100_000))
        while plan.after is not None:
            plan = long.reader.plan(query, after=plan.after)
            seqs += plan.seqs
        lines = long.reader.lines(query, seqs).splitlines()
        assert len(lines) == len({line[:24] for line in lines})
        assert long.numbers()[-1] == 0
