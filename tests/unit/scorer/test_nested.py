"""Refs of objects inside a value give way to the objects."""

from __future__ import annotations

from otel_bridge.scorer.nested import MAX_NESTED_REFS, filled, refs_in

MODEL = "weave:///acme/app/object/model:abc"
PROMPT = "weave:///acme/app/object/prompt:def"
OP = "weave:///acme/app/op/score:abc"


def test_refs_of_objects_are_found_wherever_they_are_and_each_once():
    value = {"model": MODEL, "parts": [{"prompt": PROMPT}, MODEL], "n": 1, "none": None}

    assert refs_in(value) == (MODEL, PROMPT)


def test_refs_of_ops_and_calls_parts_of_objects_and_longer_texts_are_left():
    value = [
        OP,
        "weave:///acme/app/call/1",
        MODEL + "/attr/name",
        f"see {MODEL}",
        "weave:///acme/app/object/x",
    ]

    assert refs_in(value) == ()
    assert filled(value, {}) == value


def test_an_object_takes_the_place_of_its_ref_and_says_which_it_was():
    value = {"model": MODEL, "rest": [PROMPT, OP]}

    found = filled(value, {MODEL: {"name": "judge", "prompt": PROMPT}, PROMPT: None})
    assert found == {"model": {"name": "judge", "prompt": PROMPT, "_ref": MODEL}, "rest": [PROMPT, OP]}
    assert refs_in(found) == (PROMPT,)
    assert filled(found, {PROMPT: "Is it good?"})["model"]["prompt"] == "Is it good?"


def test_where_an_object_came_from_is_not_read_again():
    value = filled(MODEL, {MODEL: {"name": "judge"}})

    assert refs_in(value) == ()
    assert filled(value, {MODEL: {"name": "another"}}) == value


def test_there_is_a_limit_to_the_refs_of_one_round():
    value = [f"weave:///acme/app/object/x:{n}" for n in range(MAX_NESTED_REFS + 1)]

    assert len(refs_in(value)) == MAX_NESTED_REFS


def test_objects_that_name_each_other_many_times_over_do_not_fill_the_memory():
    value = [MODEL] * (MAX_NESTED_REFS + 1)

    found = filled(value, {MODEL: {"again": value}})
    assert found[-1] == MODEL
    assert [type(one) for one in found] == [dict] * MAX_NESTED_REFS + [str]
