"""What answers carry beside calls, in every store (`contract/weave-api.md` §2.5)."""

from __future__ import annotations

import orjson
import pytest

from otel_bridge.model import query as q
from otel_bridge.model.annex import Feedback, KeepFeedback, KeepObject, KeepPrices, Price, Version
from otel_bridge.model.questions import AskTotalSize
from otel_bridge.query.fields import field_of
from tests.contract.store.records import PROJECT, T0, a_call, a_start, an_end, call_id, trace_id

MODEL = "house-model"
PERSON = f"weave:///{PROJECT}/object/person:d1"
CITY = f"weave:///{PROJECT}/object/city:d2"
GONE = f"weave:///{PROJECT}/object/gone:d3"


def with_usage(number, usage, **summary):
    return an_end(number, summary=orjson.dumps({"usage": usage, **summary}))


def a_price(name="p", **members):
    defaults = {"effective_date": T0 - 10, "prompt_token_cost": 0.5, "completion_token_cost": 2.0}
    return Price(project_id=PROJECT, id=name, llm_id=MODEL, **{**defaults, **members})


class TestCosts:
    @pytest.fixture
    def filled(self, store):
        store.write(KeepPrices(prices=(a_price(cache_read_input_token_cost=0.25),)))
        store.write(
            a_start(1),
            with_usage(1, {MODEL: {"prompt_tokens": 10, "input_tokens": 2, "output_tokens": 3,
                                   "cache_read_input_tokens": 4, "requests": 1}}),
            a_start(2),
            with_usage(2, {"nobody-knows": {"prompt_tokens": 10}}),
            a_call(3),
        )  # fmt: skip
        return store

    def test_are_counted_with_the_price_of_the_project(self, filled):
        costs = filled.calls(include_costs=True)[0]["summary"]["weave"]["costs"][MODEL]

        assert costs | {"created_at": ""} == {
            "prompt_tokens": 12, "completion_tokens": 3, "requests": 1, "total_tokens": 0,
            "cache_read_input_tokens": 4, "cache_creation_input_tokens": 0,
            "prompt_token_cost": 0.5, "completion_token_cost": 2.0,
            "cache_read_input_token_cost": 0.25, "cache_creation_input_token_cost": 0.0,
            "prompt_tokens_total_cost": 4.0, "completion_tokens_total_cost": 6.0,
            "cache_read_input_tokens_total_cost": 1.0, "cache_creation_input_tokens_total_cost": 0.0,
            "prompt_token_cost_unit": "USD", "completion_token_cost_unit": "USD",
            "effective_date": "2026-01-02T03:04:05.005990Z", "provider_id": "default",
            "pricing_level": "project", "pricing_level_id": PROJECT, "created_by": "", "created_at": "",
        }  # fmt: skip

    def test_are_missing_without_usage_or_price_and_when_nobody_asked(self, filled):
        weave = [call["summary"]["weave"] for call in filled.calls(include_costs=True)]
        assert ["costs" in members for members in weave] == [True, False, False]
        assert not any("costs" in call["summary"]["weave"] for call in filled.calls())

    def test_come_without_the_summary_too(self, filled):
        call = filled.calls(include_costs=True, columns=("id",))[0]
        assert "usage" not in call["summary"]
        assert call["summary"]["weave"]["costs"][MODEL]["prompt_tokens"] == 12

    def test_take_the_place_of_what_was_stored_as_costs(self, store):
        store.write(KeepPrices(prices=(a_price(),)))
        stored = {"costs": "mine", "other": 1}
        store.write(a_start(1), with_usage(1, {MODEL: {"prompt_tokens": 1}}, weave=stored))
        weave = store.calls(include_costs=True)[0]["summary"]["weave"]
        assert weave["costs"][MODEL]["prompt_tokens_total_cost"] == 0.5
        assert weave["other"] == 1


def test_feedback_is_a_list_on_every_call(store):
    members = {"id": "f", "payload": {"emoji": "x"}, "creator": None, "feedback_type": "wandb.reaction.1"}
    row = Feedback(
        project_id=PROJECT,
        id="f",
        weave_ref=f"weave:///{PROJECT}/call/{call_id(1)}",
        feedback_type="wandb.reaction.1",
        members=orjson.dumps(members),
    )
    store.write(a_call(1), a_call(2))
    store.write(KeepFeedback(rows=(row,)))

    one, two = (call["summary"]["weave"]["feedback"] for call in store.calls(include_feedback=True))

    assert two == []
    assert one[0].items() >= members.items()
    assert one[0]["created_at"].startswith("2026-01-02T03:04:05.006")


def test_sizes_count_the_json_of_a_call_and_of_the_whole_trace_of_a_root(store):
    store.write(a_call(1), a_call(2, parent_id=call_id(1)), a_call(3, trace_id=trace_id(2)), a_start(4))
    size = len('{"q":1}' + "{}" + "{}" + '"hello"')

    calls = store.calls(include_storage_size=True, include_total_storage_size=True)

    own = [call["storage_size_bytes"] for call in calls]
    total = [call["total_storage_size_bytes"] for call in calls]
    running = len('{"q":1}' + "{}")
    assert own == [size, size, size, running]
    assert total == [2 * size + running, None, size, 2 * size + running]
    assert {call["storage_size_bytes"] for call in store.calls()} == {None}


def test_the_size_of_what_is_counted_is_that_of_its_traces(store):
    store.write(a_call(1), a_call(2, parent_id=call_id(1)), a_call(3, trace_id=trace_id(2)))
    size = len('{"q":1}' + "{}" + "{}" + '"hello"')
    for numbers, expected in (((1,), 2 * size), ((2,), 0), ((1, 2, 3), 3 * size)):
        asked = q.CallsFilter(call_ids=tuple(map(call_id, numbers)))
        question = AskTotalSize(query=q.CallsQuery(project_id=PROJECT, filter=asked))
        assert int(store.reader.answer(question)) == expected


class TestExpanding:
    @pytest.fixture
    def filled(self, store):
        values = {PERSON: {"name": "Ann", "city": CITY, "age": 41}, CITY: {"name": "Oslo"}}
        for ref, value in values.items():
            name, digest = ref.rpartition("/")[2].split(":")
            version = Version(
                project_id=PROJECT, object_id=name, digest=digest, is_op=False, val=orjson.dumps(value)
            )
            store.write(KeepObject(version=version))
        people = [PERSON, GONE, {"name": "Bob", "age": 7}, "no ref"]
        store.write(
            *(a_start(n, inputs=orjson.dumps({"who": who, "n": n})) for n, who in enumerate(people, 1))
        )
        return store

    def test_puts_values_in_the_place_of_refs_shallow_ones_first(self, filled):
        deep, shallow = (
            [call["inputs"]["who"] for call in filled.calls(expand=places(*names))]
            for names in (("inputs.who.city", "inputs.who"), ("inputs.who",))
        )

        assert deep[0] == {
            "name": "Ann", "age": 41, "_ref": PERSON, "city": {"name": "Oslo", "_ref": CITY},
        }  # fmt: skip
        assert shallow[0]["city"] == CITY
        assert deep[1:] == [GONE, {"name": "Bob", "age": 7}, "no ref"]

    def test_a_whole_output_may_be_a_ref(self, filled):
        filled.write(a_start(9), an_end(9, output=orjson.dumps(CITY)))
        call = filled.calls(expand=places("output"), filter=q.CallsFilter(call_ids=(call_id(9),)))[0]
        assert call["output"] == {"name": "Oslo", "_ref": CITY}

    def test_values_stay_refs_where_they_are_not_wanted(self, filled):
        call = filled.calls(expand=places("inputs.who"), show_expanded=False)[0]
        assert call["inputs"]["who"] == PERSON

    def test_filters_and_sorts_look_through_refs(self, filled):
        expand = places("inputs.who", "inputs.who.city")
        older = q.Compare("gt", get("inputs.who.age"), q.Literal(5))
        assert filled.numbers(query=older, expand=expand) == [1, 3]
        assert filled.count(query=older, expand=expand) == 2
        in_oslo = q.Compare("eq", get("inputs.who.city.name"), q.Literal("Oslo"))
        assert filled.numbers(query=in_oslo, expand=expand) == [1]
        assert filled.numbers(query=in_oslo, expand=places("inputs.who")) == []
        by_age = (q.SortBy("inputs.who.age", "desc"), q.SortBy("inputs.n", "asc"))
        assert filled.numbers(sort_by=by_age, expand=expand) == [1, 3, 2, 4]

    def test_a_ref_itself_can_still_be_asked_for(self, filled):
        same = q.Compare("eq", get("inputs.who"), q.Literal(PERSON))
        assert filled.numbers(query=same, expand=places("inputs.who")) == [1]


def get(name):
    return q.GetField(field_of(name))


def places(*names):
    return tuple(field_of(name) for name in names)
